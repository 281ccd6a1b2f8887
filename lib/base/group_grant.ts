import { SwitchboardError } from "./errors.ts";

/** The groups that a manifest lets its service use: names, in which `*` stands for any text. */
export class GroupGrant {
  readonly #patterns: readonly string[][] | null;

  /**
   * @param verb The granted operation.
   * @param patterns Null: everything.
   */
  constructor(readonly verb: "join" | "send", patterns: readonly string[] | null) {
    this.#patterns = patterns && !patterns.includes("*")
      ? patterns.map((pattern) => pattern.split("*"))
      : null;
  }

  /** Whether every group is granted. */
  get isAll(): boolean {
    return this.#patterns === null;
  }

  /** Whether the group is granted. */
  allows(group: string): boolean {
    return this.#patterns === null || this.#patterns.some((parts) => matches(group, parts));
  }

  /** @throws {SwitchboardError} `SB_GRANT`, if the group is not granted. */
  check(group: string): void {
    if (this.allows(group)) return;
    throw new SwitchboardError(
      "SB_GRANT",
      `Cannot ${this.verb === "join" ? "join" : "send to"} group "${group}": ` +
        `"groups.${this.verb}" in service.json does not list it`,
    );
  }
}

/** Whether the text consists of the parts in this order, with anything between them. */
function matches(text: string, parts: readonly string[]): boolean {
  const first = parts[0]!;
  if (parts.length === 1) return text === first;
  const last = parts[parts.length - 1]!;
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
