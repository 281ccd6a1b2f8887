/** Where this module is: the only one of the loader that a service's modules import. */
export const HANDED_OVER: string = import.meta.url;

const modules = new Map<string, unknown>();

/** Leaves a module's exports for an ES module that stands for it. */
export function handOver(file: string, exports: unknown): void {
  modules.set(file, exports);
}

/** The exports that {@linkcode handOver} stored; called by the source of such ES modules. */
export function takeExports(file: string): unknown {
  return modules.get(file);
}
