/** The folder of these files: their stack frames are of no use to the author of a test. */
const HERE = new URL(".", import.meta.url).href;

/** The place of a call: an error that is made later, in a timer or for an event, has none of its frames. */
export type CallSite = Readonly<Error>;

/** The place of the call that runs now. Its frames become text only in {@linkcode placed}: that takes fifty times as long. */
export function callSite(): CallSite {
  return new Error();
}

/** The error, with the frames of the call that it ends. */
export function placed<E extends Error>(error: E, site: CallSite): E {
  const frames = site.stack?.split("\n").slice(1).filter((frame) => !frame.includes(HERE)) ?? [];
  error.stack = [`${error.name}: ${error.message}`, ...frames].join("\n");
  return error;
}
