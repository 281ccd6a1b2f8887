/** The frames of whoever calls now: an error that is made later, in a timer or for an event, has none of them. */
export function callSite(): string {
  return new Error().stack?.split("\n").slice(2).join("\n") ?? "";
}

/** The error, with the frames of the call that it ends. */
export function placed<E extends Error>(error: E, site: string): E {
  error.stack = `${error.name}: ${error.message}\n${site}`;
  return error;
}
