/** Longest name of a service, UTF-16 units: it becomes part of file names and URLs. */
const MAX_LENGTH = 64;

/** Names of folders that mean something else. */
const TAKEN = ["node_modules", "webapp"];

/**
 * Why a new service cannot have the name; null, if it can. Stricter than the rules for existing services: a new name
 * should be the same in every URL, file system and shell.
 */
export function nameProblem(name: string): string | null {
  if (TAKEN.includes(name)) return "it means something else already; choose another name";
  if (name.length > MAX_LENGTH) {
    return `expected at most ${MAX_LENGTH} characters, got ${name.length}`;
  }
  if (/^[a-z0-9]+([_-][a-z0-9]+)*$/.test(name)) return null;
  const near = plain(name);
  return "expected lower case letters a to z and digits, with - or _ between them" +
    (near === "" ? "" : `, for example "${near}"`);
}

/** The nearest name that can be; empty, if nothing of it is left. */
function plain(name: string): string {
  return name.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase()
    .replace(/[^a-z0-9]+/g, "-").slice(0, MAX_LENGTH).replace(/^-|-$/g, "");
}
