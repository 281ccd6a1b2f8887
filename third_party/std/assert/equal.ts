/** Types whose values are equal if their texts are. */
const BY_TEXT: readonly unknown[] = [
  Intl.Locale,
  RegExp,
  URL,
  URLSearchParams,
  Temporal.Duration,
  Temporal.Instant,
  Temporal.PlainDate,
  Temporal.PlainDateTime,
  Temporal.PlainMonthDay,
  Temporal.PlainTime,
  Temporal.PlainYearMonth,
  Temporal.ZonedDateTime,
].map((type) => type.prototype);

const TypedArray = Object.getPrototypeOf(Uint8Array) as new () => Uint8Array;

/** Whether two values are deeply equal, as `@std/assert` decides it. */
export function equal(a: unknown, b: unknown): boolean {
  return new Comparison().equal(a, b);
}

/** Remembers which objects are being compared, since objects may contain themselves. */
class Comparison {
  readonly #seen = new Map<object, object>();

  equal(a: unknown, b: unknown): boolean {
    // Zeros of both signs are equal, and so is NaN to itself.
    if (a === b || Object.is(a, b)) return true;
    if (!isObject(a) || !isObject(b)) return false;
    if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
    if (prototypeOf(a) !== prototypeOf(b)) return false;
    if (a instanceof WeakMap || a instanceof WeakSet) {
      const type = a instanceof WeakMap ? "WeakMap" : "WeakSet";
      throw new TypeError(`Cannot compare ${type} instances`);
    }
    if (a instanceof WeakRef) return this.equal(a.deref(), (b as WeakRef<WeakKey>).deref());
    const bytes = bytesOf(a);
    if (bytes !== null) return this.#elementsEqual(bytes, bytesOf(b)!);
    if (this.#seen.get(a) === b) return true;
    if (Object.keys(a).length !== Object.keys(b).length) return false;
    this.#seen.set(a, b);
    if (a instanceof Set) return this.#entriesEqual(a, b as Set<unknown>);
    if (a instanceof Map) return this.#entriesEqual(a, b as Map<unknown, unknown>);
    if (BY_TEXT.includes(Object.getPrototypeOf(a))) return String(a) === String(b);
    return this.#propertiesEqual(a, b);
  }

  #elementsEqual(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
    if (a.length !== b.length) return false;
    for (let at = 0; at < a.length; at++) {
      if (a[at] !== b[at] && !Object.is(a[at], b[at])) return false;
    }
    return true;
  }

  #entriesEqual<T extends Set<unknown> | Map<unknown, unknown>>(a: T, b: T): boolean {
    if (a.size !== b.size) return false;
    return [...a.entries()].every(([key, value]) => {
      if (!isObject(key) && typeof key !== "function") {
        return b.has(key) && (b instanceof Set || this.equal(value, b.get(key)));
      }
      // Keys may be equal without being the same.
      return [...b.entries()].some(([other, its]) =>
        this.equal(key, other) && (b instanceof Set || this.equal(value, its))
      );
    });
  }

  #propertiesEqual(a: object, b: object): boolean {
    const keys = new Set([...propertiesOf(a), ...propertiesOf(b)]);
    for (const key of keys) {
      if (key in a !== key in b) return false;
      if (!this.equal(a[key as keyof object], b[key as keyof object])) return false;
    }
    return true;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The prototype; to have none is the same as to have that of plain objects. */
function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

/** The elements of binary data; null: it is something else. */
function bytesOf(value: object): ArrayLike<unknown> | null {
  if (value instanceof TypedArray) return value;
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return new Uint8Array(value);
  }
  return null;
}

/** What is compared of an object: of a plain one what can be listed, of others all, their classes' included. */
function propertiesOf(value: object): PropertyKey[] {
  if ([Object.prototype, Array.prototype].includes(prototypeOf(value) as never)) {
    return Reflect.ownKeys({ ...value });
  }
  const keys: PropertyKey[] = [];
  const ends: unknown[] = [Object.prototype, Array.prototype, null];
  for (let at = value; !ends.includes(at); at = Object.getPrototypeOf(at)) {
    keys.push(...Reflect.ownKeys(at));
  }
  return keys;
}
