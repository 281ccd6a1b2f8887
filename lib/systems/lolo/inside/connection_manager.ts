import { createHash } from "node:crypto";
import { link } from "../../../inside/link.ts";
import { payloadOf } from "./payload.ts";
import type { Context, Functions } from "./types.ts";

/** Parameters that connections are matched by, if the node does not list its own. */
const MAX_MATCH = 4;
/** Longest values that are part of a group's name as they are, UTF-16 units. */
const MAX_READABLE = 512;

type Params = Record<string, unknown>;

/**
 * `lolo/Connection Manager` (docs/contracts/lolo.md, section 3): every connection is in one group for each selection of
 * its parameters, so that a broadcast is one send to a group, also after a swap.
 *
 * Events on `req`, `message` and `close` go out on `out` after they are noted.
 */
export const connectionManager: Functions = {
  handler(event, context) {
    const { input, route } = context;
    if (typeof event !== "object" || event === null) {
      throw new TypeError(`Expected an event, got ${event === null ? "null" : typeof event}`);
    }
    const { sessionId, ...rest } = event as Record<string, unknown>;
    if (input === "broadcast") return broadcast(rest, context);
    if (input === "req" || input === "close") {
      if (typeof sessionId !== "string") throw new TypeError("The event has no sessionId");
      for (const selected of selections(matched(asParams(rest.params), context))) {
        const group = groupOf(selected, context);
        if (input === "req") link().join(group, sessionId);
        else link().leave(group, sessionId);
      }
    }
    route(event);
  },
};

function broadcast(event: Record<string, unknown>, context: Context): void {
  const body = "body" in event ? event.body : event.message;
  if (body === undefined) throw new TypeError('A broadcast needs a "body" or a "message"');
  const wanted = asParams(event.params);
  const known = context.params.match as string[] | undefined;
  const names = Object.keys(wanted).filter((name) => known?.includes(name) ?? true);
  if (names.length > MAX_MATCH) {
    throw new RangeError(
      `Connections are matched by ${MAX_MATCH} parameters at the most, got ${names.join(", ")}: ` +
        `list those that count in the node's "params.match"`,
    );
  }
  const selected = Object.fromEntries(names.map((name) => [name, wanted[name]]));
  link().sendToGroup(groupOf(selected, context), payloadOf(body), null);
}

function asParams(value: unknown): Params {
  if (value === undefined || value === null) return {};
  if (typeof value === "object") return value as Params;
  throw new TypeError(`Expected "params" as an object, got ${typeof value}`);
}

/** The parameters that a connection can be found by. */
function matched(params: Params, { params: { match } }: Context): Params {
  const names = match as string[] | undefined ?? Object.keys(params).slice(0, MAX_MATCH);
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(params, name)).map((name) => [name, params[name]]),
  );
}

/** Every selection of the parameters, that of none included. */
function selections(params: Params): Params[] {
  return Object.entries(params).reduce<Params[]>(
    (all, [name, value]) => [...all, ...all.map((one) => ({ ...one, [name]: value }))],
    [{}],
  );
}

/** `lolo:<service>/<flow>/<node>`, and the parameters as in a query, sorted. */
function groupOf(params: Params, { functionId }: Context): string {
  const query = new URLSearchParams(
    Object.entries(params).map(([name, value]) => [name, String(value)]),
  );
  query.sort();
  const text = query.toString();
  if (text === "") return `lolo:${functionId}`;
  const part = text.length > MAX_READABLE
    ? `sha256=${createHash("sha256").update(text).digest("hex")}`
    : text;
  return `lolo:${functionId}?${part}`;
}
