/** Stable codes of {@linkcode SwitchboardError}; `docs/errors.md` lists each with cause and cure. */
export type ErrorCode =
  | "SB_ARTEFACT"
  | "SB_AUTH"
  | "SB_CLOSED"
  | "SB_COMPILE"
  | "SB_CONNECT"
  | "SB_FLOW"
  | "SB_GRANT"
  | "SB_HANDSHAKE"
  | "SB_IMPORTS"
  | "SB_ISOLATE_GONE"
  | "SB_LISTEN"
  | "SB_LOAD"
  | "SB_MANIFEST"
  | "SB_MEMORY"
  | "SB_OUTPUT"
  | "SB_ROOT"
  | "SB_SERVICE"
  | "SB_SETTINGS"
  | "SB_STARTER"
  | "SB_TIMEOUT"
  | "SB_TLS"
  | "SB_WIRE";

/**
 * An error that Switchboard throws on purpose. Its message gives the expected and the actual value, and the place;
 * its `code` is stable.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { Switchboard, SwitchboardError } from "@switchboard/switchboard";
 *
 * const open = () => Switchboard.open({ root: "no/such/folder" });
 * const { code } = await assertRejects(open, SwitchboardError);
 * assertEquals(code, "SB_ROOT");
 * ```
 */
export class SwitchboardError extends Error {
  /** Always `SwitchboardError`. */
  override name = "SwitchboardError";

  /** The kind of error, for programs. */
  readonly code: ErrorCode;

  /**
   * Makes an error.
   *
   * @param code The kind of error, for programs.
   * @param message The error in words, for people.
   * @param options `cause`: the error behind this one.
   */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The message of anything that may be thrown. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "an error that cannot be printed";
  }
}
