/**
 * Stand-in for `jsr:@std/assert` 1.0.19: the names that the tests use.
 *
 * @module
 */
import { inspect, stripVTControlCharacters } from "node:util";
import { equal } from "./equal.ts";

class AssertionError extends Error {
  override name = "AssertionError";
}

/** The end of a message: what the test says, if it says anything. */
function ending(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}

function shown(value: unknown): string {
  return inspect(value, { depth: 10, maxArrayLength: 100, sorted: true });
}

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Asserts that both values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `Values are not equal${ending(msg)}\n\n` +
      `Actual:   ${shown(actual)}\nExpected: ${shown(expected)}`,
  );
}

/** Asserts that the values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(
    `Expected actual: ${shown(actual)} not to be: ${shown(expected)}${ending(msg)}`,
  );
}

/** Asserts that the expression matches `actual`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to match: "${expected}"${ending(msg)}`,
  );
}

/** Asserts that `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to contain: "${expected}"${ending(msg)}`,
  );
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/** What a call must throw: any value, or an error of a class whose message includes a text. */
interface Wanted {
  type?: ErrorClass<Error>;
  includes?: string;
  ending: string;
}

function wantedOf(
  typeOrMsg: ErrorClass<Error> | string | undefined,
  includes: string | undefined,
  msg: string | undefined,
): Wanted {
  if (typeof typeOrMsg === "string") return { ending: ending(typeOrMsg) };
  return { type: typeOrMsg, includes, ending: ending(msg) };
}

function check(error: unknown, { type, includes, ending }: Wanted, verb: string): void {
  if (type === undefined) return;
  if (!(error instanceof Error)) {
    throw new AssertionError(`A non-Error object was ${verb}${ending}`);
  }
  const { message, constructor } = error;
  if (!(error instanceof type)) {
    throw new AssertionError(
      `Expected error to be instance of "${type.name}", but was "${constructor.name}"${ending}`,
    );
  }
  const plain = stripVTControlCharacters;
  if (includes && !plain(message).includes(plain(includes))) {
    throw new AssertionError(
      `Expected error message to include ${JSON.stringify(includes)}, ` +
        `but got ${JSON.stringify(message)}${ending}`,
    );
  }
}

/** Asserts that `fn` throws, if a class is given an error of it whose message includes the text. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  typeOrMsg?: ErrorClass<Error> | string,
  includes?: string,
  msg?: string,
): unknown {
  const wanted = wantedOf(typeOrMsg, includes, msg);
  try {
    fn();
  } catch (error) {
    check(error, wanted, "thrown");
    return error;
  }
  throw new AssertionError(`Expected function to throw${wanted.ending}`);
}

/** Asserts that `fn` returns a promise that rejects, if a class is given with an error of it. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  typeOrMsg?: ErrorClass<Error> | string,
  includes?: string,
  msg?: string,
): Promise<unknown> {
  const wanted = wantedOf(typeOrMsg, includes, msg);
  const promise = promiseOf(fn, wanted);
  try {
    await promise;
  } catch (error) {
    check(error, wanted, "rejected");
    return error;
  }
  throw new AssertionError(`Expected function to reject${wanted.ending}`);
}

/** The promise that a function returns; one that throws instead does not reject. */
function promiseOf(fn: () => PromiseLike<unknown>, { ending }: Wanted): PromiseLike<unknown> {
  try {
    const returned = fn() as PromiseLike<unknown> | null;
    if (typeof returned === "object" && typeof returned?.then === "function") return returned;
  } catch {
    // The message below says it.
  }
  throw new AssertionError(`Function throws when expected to reject${ending}`);
}
