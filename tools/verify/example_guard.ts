/**
 * Runs before each example of the documentation: an example that prints a failure fails.
 *
 * Without it such an example passes, because neither `console.assert()` nor a logged error throws.
 *
 * @module
 */
const decoder = new TextDecoder();
let failures: string[] = [];

/** The values of a call of the console, as text. */
function text(values: unknown[]): string {
  return values.map((value) => typeof value === "string" ? value : Deno.inspect(value)).join(" ");
}

/** Lines that a server logs as a warning or an error; by default it writes to standard error. */
function record(bytes: Uint8Array): void {
  const lines = decoder.decode(bytes).split("\n");
  failures.push(...lines.filter((line) => /"level":"(?:WARN|ERROR)"/.test(line)));
}

for (const name of ["error", "warn"] as const) {
  const print = console[name];
  console[name] = (...values) => {
    failures.push(text(values));
    print(...values);
  };
}

const { assert } = console;
console.assert = (condition, ...values) => {
  if (!condition) failures.push(text(["Assertion failed", ...values]));
  assert(condition, ...values);
};

const writeSync = Deno.stderr.writeSync.bind(Deno.stderr);
Deno.stderr.writeSync = (bytes) => {
  record(bytes);
  return writeSync(bytes);
};

const write = Deno.stderr.write.bind(Deno.stderr);
Deno.stderr.write = (bytes) => {
  record(bytes);
  return write(bytes);
};

Deno.test.beforeEach(() => {
  failures = [];
});

Deno.test.afterEach(() => {
  if (failures.length > 0) {
    throw new Error(`The example printed a failure:\n${failures.join("\n")}`);
  }
});
