import type { AuthOutcome, Identity } from "../../model/mod.ts";
import { identityOf } from "./identity.ts";

/** Longest text that a module may say of a user, characters. */
const MAX_TEXT = 256;
/** Roles that it may give. */
const MAX_ROLES = 256;

/**
 * The meaning of a module's answer: `null` is an anonymous client, `false` wrong credentials, an object the user.
 *
 * @param body JSON.
 */
export function outcomeOf(body: string): AuthOutcome {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return { unavailable: "The auth module must return a value that JSON can hold" };
  }
  if (answer === null) return { identity: null };
  if (answer === false) return { wrong: "Wrong credentials" };
  try {
    return { identity: asIdentity(answer) };
  } catch (error) {
    return {
      unavailable: `The auth module must return a user, null or false: ${(error as Error).message}`,
    };
  }
}

function asIdentity(answer: unknown): Identity {
  if (typeof answer !== "object" || Array.isArray(answer)) {
    throw new TypeError(`got ${Array.isArray(answer) ? "a list" : typeof answer}`);
  }
  const { login, id, idProvider, displayName, email, roles = [], expiresAt } = answer as Record<
    string,
    unknown
  >;
  if (login === undefined) throw new TypeError('"login" is missing');
  if (!Array.isArray(roles) || roles.length > MAX_ROLES) {
    throw new TypeError(`"roles" must be a list of at most ${MAX_ROLES} texts`);
  }
  const name = text("login", login)!;
  return identityOf({
    idProvider: text("idProvider", idProvider) ?? "module",
    id: text("id", id) ?? name,
    login: name,
    displayName: text("displayName", displayName),
    email: text("email", email),
    roles: roles.map((role) => text("roles", role)!),
    expiresAt: time(expiresAt),
  });
}

function text(key: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" && value !== "" && value.length <= MAX_TEXT) return value;
  throw new TypeError(`"${key}" must be a text of 1 to ${MAX_TEXT} characters`);
}

/** Milliseconds since 1970, or a date as JSON has it. */
function time(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  const time = typeof value === "number"
    ? value
    : typeof value === "string"
    ? Date.parse(value)
    : NaN;
  if (Number.isFinite(time)) return time;
  throw new TypeError('"expiresAt" must be a time');
}
