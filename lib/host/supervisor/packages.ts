import type { ServiceDefinition } from "../service/mod.ts";

/** Where npm packages come from, as manifests list it. */
const REGISTRY = /^(?:\*\.npmjs\.org|registry\.npmjs\.org)(?::443)?$/;

/** Packages that were asked for, with those that may be under way. */
const known = new Map<string, Promise<void>>();

/**
 * Prepares the npm packages that the project maps for a service that may load them. An isolate resolves the
 * modules that it imports at once, and cannot wait for a package that this process has not met. Nothing of a
 * package is run: only its `package.json` is read. One that cannot be had is left to the import, which says why.
 */
export async function preparePackages({ imports, grants }: ServiceDefinition): Promise<void> {
  if (grants.import !== true && !grants.import.some((host) => REGISTRY.test(host))) return;
  const packages = imports.map(([, target]) => packageOf(target)).filter((id) => id !== null);
  await Promise.all(packages.map((id) => {
    const ready = known.get(id) ?? read(id);
    known.set(id, ready);
    return ready;
  }));
}

/** `npm:NAME@VERSION` of a package, or of a path in it. */
function packageOf(target: string): string | null {
  return /^npm:\/?((?:@[^/]+\/)?[^/]+)/.exec(target)?.[1] ?? null;
}

async function read(id: string): Promise<void> {
  try {
    await import(`npm:${id}/package.json`, { with: { type: "json" } });
  } catch {
    // It is there all the same if it only does not let its `package.json` be read; otherwise the next start tries
    // again.
    known.delete(id);
  }
}
