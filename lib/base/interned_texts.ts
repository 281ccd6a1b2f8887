// Held on to before a controller can put something else in their place.
const { call } = Function.prototype;
const get = call.bind(Map.prototype.get) as (map: Map<string, string>, key: string) => unknown;
const clear = call.bind(Map.prototype.clear) as (map: Map<string, string>) => void;
const set = call.bind(Map.prototype.set) as (
  map: Map<string, string>,
  key: string,
  value: string,
) => void;

/** Longest text that is looked for, UTF-16 units. */
const MAX_LENGTH = 256;
/** Texts that are kept. */
const MAX_KEPT = 1024;

/**
 * Keeps repeated texts once: a text that is read from a socket or a port is a new string every
 * time, and sessions are much alike.
 */
export class InternedTexts {
  readonly #kept = new Map<string, string>();
  #count = 0;

  /** The same text; if it has come before, that very string. */
  intern(text: string): string {
    if (text.length > MAX_LENGTH) return text;
    const kept = get(this.#kept, text) as string | undefined;
    if (kept !== undefined) return kept;
    if (++this.#count > MAX_KEPT) {
      clear(this.#kept);
      this.#count = 1;
    }
    set(this.#kept, text, text);
    return text;
  }
}
