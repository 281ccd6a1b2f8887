/**
 * XP's `/lib/xp/auth`, as far as websocket controllers use it: the current user (docs/contracts/xp.md, section 6)
 *
 * @example
 * ```ts
 * import { getUser, hasRole } from "lib/xp/auth";
 *
 * export const get = () =>
 *   hasRole("editor")
 *     ? { webSocket: { data: { name: getUser()?.displayName } } }
 *     : { status: 403, body: "For editors only" };
 * ```
 *
 * @module
 */
import type { User } from "../../../model/mod.ts";
import { currentContext } from "./context.ts";
import { textArgument } from "./text_argument.ts";

/**
 * The user of the request or event that is being handled; null if anonymous.
 *
 * @throws {Error} Outside of a request or event.
 */
export function getUser(): User | null {
  return context("getUser").identity?.user ?? null;
}

/**
 * Whether that user has a role. Every client has `system.everyone`, and every authenticated client
 * `system.authenticated`.
 *
 * @param role With or without `role:` in front.
 * @throws {Error} Outside of a request or event.
 * @throws {TypeError} If the argument is null or undefined.
 */
export function hasRole(role: string): boolean {
  const name = textArgument(role, "hasRole", "role").replace(/^role:/, "");
  const { identity } = context("hasRole");
  return name === "system.everyone" || identity?.roles.includes(`role:${name}`) === true;
}

function context(call: string) {
  const found = currentContext();
  if (found !== undefined) return found;
  throw new Error(`Cannot call ${call} here: a user is known only inside a request or an event`);
}
