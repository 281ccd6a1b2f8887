/** Longest path, UTF-16 units. */
const MAX_LENGTH = 1024;

/** How exact the parts of a path are, the most exact first. */
const Rank = { END: 0, TEXT: 1, MIXED: 2, PARAMETER: 3, OPTIONAL: 4, SOME: 5, ANY: 6, REST: 7 };

/** One segment of a path: a text, a parameter, or a parameter with text around it. */
interface Segment {
  rank: number;
  before: string;
  /** Name of its parameter; null: it has none. */
  name: string | null;
  after: string;
}

/** How many segments the end of a path stands for, by its kind. */
const TAILS: Record<number, [least: number, most: number]> = {
  [Rank.OPTIONAL]: [0, 1],
  [Rank.SOME]: [1, Infinity],
  [Rank.ANY]: [0, Infinity],
  [Rank.REST]: [1, Infinity],
};

const MODIFIERS: Record<string, number> = {
  "": Rank.PARAMETER,
  "?": Rank.OPTIONAL,
  "+": Rank.SOME,
  "*": Rank.ANY,
};

/**
 * A path with parameters, for example `/rooms/:room`, as the web platform's `URLPattern` reads it. What could
 * take long to match is rejected: every request is matched here.
 */
export class RoutePattern {
  /** Names of its parameters. */
  readonly names: readonly string[];
  /** The same for all paths that match the same URLs; names of parameters do not matter. */
  readonly shape: string;
  readonly #pattern: URLPattern;
  readonly #segments: readonly Segment[];

  /**
   * @param path Segments are text, `:name`, or one `:name` with text around it; the last may also be `:name?`,
   * `:name+`, `:name*` or `*`.
   * @throws {TypeError} If it is no such path, saying why.
   */
  constructor(readonly path: string) {
    this.#segments = segmentsOf(path);
    this.names = this.#segments.flatMap(({ rank, name }) =>
      rank === Rank.REST ? ["0"] : name === null ? [] : [name]
    );
    const twice = this.names.find((name, index) => this.names.indexOf(name) !== index);
    if (twice !== undefined) throw new TypeError(`":${twice}" occurs twice`);
    this.#pattern = new URLPattern({ pathname: path });
    this.shape = this.#segments.map(({ rank, before, after }) => `/${before}<${rank}>${after}`)
      .join("");
  }

  /**
   * The values of the parameters, decoded; null: the path is another one.
   *
   * @param pathname As it came.
   * @throws {URIError} If it has a broken percent-encoding.
   */
  match(pathname: string): Record<string, string> | null {
    const groups = this.#pattern.exec({ pathname: normal(pathname) })?.pathname.groups;
    if (groups === undefined) return null;
    return Object.fromEntries(
      Object.entries(groups).filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, decodeURIComponent(value!)]),
    );
  }

  /** Below 0, if this one counts where both match: the first segment in which they differ decides. */
  compare(other: RoutePattern): number {
    const [own, others] = [this.#segments, other.#segments];
    for (let at = 0; at < Math.max(own.length, others.length); at++) {
      const difference = (own[at]?.rank ?? Rank.END) - (others[at]?.rank ?? Rank.END);
      if (difference !== 0) return difference;
      const text = textOf(others[at]!).length - textOf(own[at]!).length;
      if (text !== 0) return text;
    }
    return 0;
  }

  /** Whether there is a path that both match. */
  overlaps(other: RoutePattern): boolean {
    const [own, others] = [this.#split(), other.#split()];
    const least = Math.max(own.least, others.least);
    if (least > Math.min(own.most, others.most)) return false;
    return own.fixed.slice(0, others.fixed.length).every((segment, at) =>
      canMeet(segment, others.fixed[at]!)
    );
  }

  /** The segments that are always there, and how many there are with those of the end. */
  #split(): { fixed: Segment[]; least: number; most: number } {
    const fixed = this.#segments.filter(({ rank }) => TAILS[rank] === undefined);
    const [least, most] = TAILS[this.#segments.at(-1)!.rank] ?? [0, 0];
    return { fixed, least: fixed.length + least, most: fixed.length + most };
  }
}

function segmentsOf(path: string): Segment[] {
  if (!path.startsWith("/")) throw new TypeError("it must begin with /");
  if (path.length > MAX_LENGTH) throw new TypeError(`it is longer than ${MAX_LENGTH} characters`);
  const odd = /[\s\\#{}%]|[^\P{C}]/u.exec(path);
  if (odd !== null) throw new TypeError(`it must not contain ${JSON.stringify(odd[0])}`);
  if (/[()]/.test(path)) {
    throw new TypeError(
      "regular expressions are not supported, because they would run for every request: check the value in a node",
    );
  }
  const texts = path.slice(1).split("/");
  return texts.map((text, at) => segmentOf(text, at === texts.length - 1));
}

function segmentOf(text: string, isLast: boolean): Segment {
  if (text === "") throw new TypeError("it has an empty segment");
  if (text === "." || text === "..") throw new TypeError(`it must not contain "/${text}"`);
  const found = /^([^:*?+]*)(?::([\p{ID_Start}_$][\p{ID_Continue}$]*))?([^:*?+]*)([*?+]?)$/u
    .exec(text);
  const [, before = "", name = null, after = "", modifier = ""] = found ?? [];
  const isAlone = before === "" && after === "";
  const isRest = text === "*";
  if (found === null || modifier !== "" && !isRest && (name === null || !isAlone)) {
    throw new TypeError(
      `"${text}" must be text with one ":name" at the most, or ":name" with ?, + or * at the end`,
    );
  }
  if (modifier !== "" && !isLast) throw new TypeError(`"${text}" must come last`);
  if (isRest) return { rank: Rank.REST, before: "", name: null, after: "" };
  if (name === null) return { rank: Rank.TEXT, before: before + after, name, after: "" };
  return { rank: isAlone ? MODIFIERS[modifier]! : Rank.MIXED, before, name, after };
}

/** Whether there is a segment that both match. */
function canMeet(one: Segment, other: Segment): boolean {
  if (one.name === null && other.name === null) return one.before === other.before;
  if (one.name === null) return contains(other, one.before);
  if (other.name === null) return contains(one, other.before);
  return meets(one.before, other.before, "startsWith") && meets(one.after, other.after, "endsWith");
}

function contains({ before, after }: Segment, text: string): boolean {
  return text.length > before.length + after.length && text.startsWith(before) &&
    text.endsWith(after);
}

function meets(one: string, other: string, how: "startsWith" | "endsWith"): boolean {
  return one[how](other) || other[how](one);
}

function textOf({ before, after }: Segment): string {
  return before + after;
}

/** The path with each character encoded in one way only (RFC 3986, section 6.2.2). */
function normal(pathname: string): string {
  return pathname.replace(/%[0-9A-Fa-f]{2}/g, (code) => {
    const character = String.fromCharCode(parseInt(code.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : code.toUpperCase();
  });
}
