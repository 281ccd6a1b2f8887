/** Where the files of this room are: their frames say nothing to whoever has written a test. */
const HERE = new URL(".", import.meta.url).href;

/** The frames of whoever calls now: an error that is made later, in a timer or for an event, has none of them. */
export function callSite(): string {
  const frames = new Error().stack?.split("\n").slice(1) ?? [];
  return frames.filter((frame) => !frame.includes(HERE)).join("\n");
}

/** The error, with the frames of the call that it ends. */
export function placed<E extends Error>(error: E, site: string): E {
  error.stack = `${error.name}: ${error.message}\n${site}`;
  return error;
}
