/**
 * Stand-in for `jsr:@std/assert`: the names that the tests use, from `node:assert`.
 *
 * @module
 */
import nodeAssert from "node:assert";

/** Asserts that `actual` is truthy. */
export function assert(actual: unknown, msg = ""): asserts actual {
  nodeAssert.ok(actual, msg || "Expected a truthy value");
}

/** Asserts that both values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  nodeAssert.deepStrictEqual(actual, expected, msg);
}

/** Asserts that the values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  nodeAssert.notDeepStrictEqual(actual, expected, msg);
}

/** Asserts that `actual` matches the expression. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  nodeAssert.match(actual, expected, msg);
}

/** Asserts that `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  nodeAssert.ok(
    actual.includes(expected),
    msg ?? `Expected ${JSON.stringify(actual)} to include ${JSON.stringify(expected)}`,
  );
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function check<E extends Error>(error: unknown, type: ErrorClass<E>, includes: string): E {
  nodeAssert.ok(error instanceof type, `Expected ${type.name}, got ${error}`);
  assertStringIncludes(error.message, includes);
  return error;
}

/** Asserts that `fn` throws an error of the class whose message includes the text. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  type: ErrorClass<E>,
  includes = "",
): E {
  try {
    fn();
  } catch (error) {
    return check(error, type, includes);
  }
  throw new nodeAssert.AssertionError({ message: "Expected function to throw" });
}

/** Asserts that `fn` rejects with an error of the class whose message includes the text. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  type: ErrorClass<E>,
  includes = "",
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return check(error, type, includes);
  }
  throw new nodeAssert.AssertionError({ message: "Expected function to reject" });
}
