/**
 * Loaded before each documentation example (`deno test --doc --preload`): an example that prints a failure fails.
 * By itself such a test passes, because `console.assert()` and a logged error throw nothing.
 *
 * @module
 */
const decoder = new TextDecoder();
let failures: string[] = [];

/** Passes the call on, and takes down what it prints, if that is a failure. */
function watch<Name extends string, Args extends unknown[], Result>(
  holder: { [name in Name]: (...args: Args) => Result },
  name: Name,
  failureOf: (...args: Args) => string | null,
): void {
  const original = holder[name].bind(holder) as (...args: Args) => Result;
  holder[name] = (...args: Args): Result => {
    const failure = failureOf(...args);
    if (failure !== null) failures.push(failure);
    return original(...args);
  };
}

const text = (...values: unknown[]): string =>
  values.map((value) => typeof value === "string" ? value : Deno.inspect(value)).join(" ");

/** The lines that a server logs as a failure, see the default of `SwitchboardOptions.log`. */
function failuresOf(bytes: Uint8Array): string | null {
  const lines = decoder.decode(bytes).split("\n").filter((line) =>
    /"level":"(WARN|ERROR)"/.test(line)
  );
  return lines.length > 0 ? lines.join("\n") : null;
}

watch(
  console,
  "assert",
  (condition, ...about) => condition ? null : text("Assertion failed:", ...about),
);
watch(console, "error", text);
watch(console, "warn", text);
watch(Deno.stderr, "writeSync", failuresOf);
watch(Deno.stderr, "write", failuresOf);

Deno.test.beforeEach(() => {
  failures = [];
});
Deno.test.afterEach(() => {
  if (failures.length > 0) throw new Error(`The example prints a failure:\n${failures.join("\n")}`);
});
