/**
 * Errors of a controller, in words for its author: message and user frames only.
 *
 * @module
 */

/** Features of other platforms that controllers use, and their replacements. */
const HINTS: [RegExp, string][] = [
  [
    /^Java is not defined$/,
    "controllers run on V8, not on the JVM: use web or Deno APIs in place of Java classes",
  ],
  [
    /^__ is not defined$/,
    "__.newBean reaches into XP's JVM; what Switchboard offers is under /lib/xp/ and /lib/websocket",
  ],
];

/** Frames of the runtime, which say nothing to the author of a controller. */
const OWN_FRAMES = ["base", "inside", "systems", "wire"].map((room) =>
  new URL(`../${room}/`, import.meta.url).href
);

/** `Name: message`, with a hint where we know one. Never throws. */
export function explain(error: unknown): string {
  try {
    if (!(error instanceof Error)) return typeof error === "string" ? error : Deno.inspect(error);
    const hint = HINTS.find(([pattern]) => pattern.test(error.message))?.[1];
    // The engine wraps errors of a module loader, including their name.
    const text = `${error.name}: ${error.message}`.replace(/^\w*Error: (?=\w*Error: )/, "");
    return hint === undefined ? text : `${text} (${hint})`;
  } catch {
    return "an error that cannot be printed";
  }
}

/** The frames of the error's stack that lie in user code, one a line. Never throws. */
export function userStack(error: unknown): string {
  try {
    if (!(error instanceof Error) || typeof error.stack !== "string") return "";
    return error.stack.split("\n").filter((line) =>
      /^\s+at /.test(line) && !/\b(?:ext|node):/.test(line) &&
      !OWN_FRAMES.some((folder) => line.includes(folder))
    ).join("\n");
  } catch {
    return "";
  }
}
