/** A message as clients of `/service/js` send it. */
export interface ModuleMessage {
  /** `chat`, of `/chat/chat_service.js`. */
  service: string;
  /** `chat_service.js`: never used as a path, only compared with those that the manifest lists. */
  module: string;
  /** As the client wrote it. */
  named: string;
  params: Map<string, string>;
}

/** A problem with a message, for its sender. */
export class BadMessage extends Error {
  override name = "BadMessage";

  constructor(
    readonly code: "BAD_JSON" | "BAD_REQUEST" | "UNKNOWN_MODULE" | "FAILED",
    text: string,
  ) {
    super(text);
  }

  /** The reply to the client. */
  get text(): string {
    return JSON.stringify({ error: { code: this.code, message: this.message } });
  }
}

/** Names that a message must not set. */
const RESERVED = /^(websocket-.*|__proto__)$/;

/**
 * Reads a message.
 *
 * @throws {BadMessage} If it is none.
 */
export function readMessage(text: string | Uint8Array): ModuleMessage {
  if (typeof text !== "string") throw new BadMessage("BAD_REQUEST", "Expected text, got bytes");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadMessage("BAD_JSON", `Expected JSON: ${(error as Error).message}`);
  }
  const { module, params = {} } = (value ?? {}) as { module?: unknown; params?: unknown };
  if (typeof module !== "string") {
    throw new BadMessage("BAD_REQUEST", `Expected "module", a text as in "/chat/chat_service.js"`);
  }
  const [, service, rest] = /^\/?([^/]+)\/(.+)$/s.exec(module) ?? [];
  if (service === undefined || rest === undefined) throw unknownModule(module);
  return { service, module: rest, named: module, params: readParams(params) };
}

/** The same error for missing and unlisted modules, so that a client cannot find out which files exist. */
export function unknownModule(module: string): BadMessage {
  return new BadMessage("UNKNOWN_MODULE", `There is no module "${module.slice(0, 200)}"`);
}

function readParams(params: unknown): Map<string, string> {
  if (typeof params !== "object" || params === null || Array.isArray(params)) {
    throw new BadMessage("BAD_REQUEST", `Expected "params", an object of texts`);
  }
  return new Map(
    Object.entries(params).map(([name, value]) => {
      if (RESERVED.test(name)) {
        throw new BadMessage("BAD_REQUEST", `The name "${name}" in "params" is reserved`);
      }
      if (typeof value === "object") {
        throw new BadMessage(
          "BAD_REQUEST",
          `Expected a text in "params", got an object at "${name}"`,
        );
      }
      return [name, String(value)];
    }),
  );
}
