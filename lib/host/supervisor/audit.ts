/** Distinct denials of a service that are logged; further ones are not. */
const MAX_TOLD = 256;

/** Longest part of a target that is shown, UTF-16 units. */
const MAX_SHOWN = 256;

/** Logs the denials of a service, once for each target, with the manifest entry that would allow it. */
export class Audit {
  readonly #told = new Set<string>();

  constructor(private readonly log: (text: string) => void) {}

  /**
   * Something was denied.
   *
   * @param kind Kind of permission, `groups.join` or `groups.send`.
   * @param target The denied target, never its content.
   */
  denied(kind: string, target: string): void {
    const shown = target.slice(0, MAX_SHOWN);
    kind = kind.slice(0, MAX_SHOWN);
    const key = `${kind} ${shown}`;
    if (this.#told.has(key) || this.#told.size > MAX_TOLD) return;
    this.#told.add(key);
    if (this.#told.size > MAX_TOLD) {
      this.log(`More than ${MAX_TOLD} denials: later ones are not logged`);
      return;
    }
    this.log(`Denied ${kind}${shown === "" ? "" : ` "${shown}"`}; ${advice(kind, shown)}`);
  }

  /** A new version is told everything again. */
  forget(): void {
    this.#told.clear();
  }
}

const KINDS = new Set(["net", "read", "write", "import", "env", "sys", "run", "ffi"]);

/** The manifest entry that would allow it. */
function advice(kind: string, target: string): string {
  const list = JSON.stringify([target]);
  if (kind.startsWith("groups.")) {
    return `to allow it, service.json needs "groups": { "${kind.slice(7)}": ${list} }`;
  }
  if (kind === "session") {
    return 'to reach sessions of other services, remove "groups" from service.json';
  }
  if (kind === "another group") return "its sessions have reached the limit of groups";
  if (!KINDS.has(kind)) return "no grant allows it";
  if (target === "") {
    return `to allow it, service.json needs "trusted": true, "permissions": { "${kind}": true }`;
  }
  return `to allow it, service.json needs "permissions": { "${kind}": ${list} }`;
}
