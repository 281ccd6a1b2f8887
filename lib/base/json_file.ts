import defer * as ajv from "ajv";
import type { Ajv, ErrorObject, ValidateFunction } from "ajv";
import defer * as jsonc from "jsonc-parser";
import type { Node, ParseError } from "jsonc-parser";
import type { ErrorCode } from "./errors.ts";
import { isNetwork } from "./networks.ts";
import { JsonFileError, lineAndColumn } from "./json_error.ts";
import { nearest } from "./nearest.ts";

/** A JSON file that people write, read against its schema with errors that help. */
export class JsonFile<T> {
  #compiled: ValidateFunction<T> | null = null;

  /**
   * @param what The name of the file's kind in messages.
   * @param code Code of the errors.
   * @param schema Its JSON Schema, a valid one: that is not checked again.
   */
  constructor(
    readonly what: string,
    readonly code: ErrorCode,
    private readonly schema: Record<string, unknown>,
  ) {}

  /**
   * Reads the file; null if there is none.
   *
   * @param path The file.
   * @param shown Its path in messages.
   * @throws {JsonFileError} If it cannot be read, is no JSON, or is not as its schema says.
   */
  read(path: string, shown: string): T | null {
    let text: string;
    try {
      // Some editors put a byte order mark in front.
      text = Deno.readTextFileSync(path).replace(/^\uFEFF/, "");
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw new JsonFileError(this.code, `${this.what} "${shown}"`, path, [
        { message: (error as Error).message, line: 1, column: 1 },
      ], error);
    }
    return this.parse(text, shown, path);
  }

  /**
   * Like {@linkcode read}, of a text.
   *
   * @param path The file that it is from; null: none.
   */
  parse(text: string, shown: string, path: string | null = null): T {
    const refused = (wrong: [message: string, offset: number][], cause?: unknown) => {
      const findings = wrong.map(([message, offset]) => ({
        message,
        ...lineAndColumn(text, offset),
      }));
      return new JsonFileError(this.code, `${this.what} "${shown}"`, path, findings, cause);
    };
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      const [message, offset] = jsonProblem(text, error as Error);
      throw refused([[message, offset]], error);
    }
    const tree = jsonc.parseTree(text);
    const twice = duplicateKey(tree);
    if (twice !== null) throw refused([[`"${twice.value}" occurs twice`, twice.offset]]);
    if (this.#validate(value)) return value;
    throw refused([...this.#problems(tree)]);
  }

  /** Like {@linkcode read}, of a value. */
  check(value: unknown, shown: string): T {
    if (this.#validate(value)) return value;
    const findings = [...this.#problems(undefined).keys()].map((message) => ({
      message,
      line: 1,
      column: 1,
    }));
    throw new JsonFileError(this.code, `${this.what} "${shown}"`, null, findings);
  }

  /** Compiled by its first use: most commands read few kinds of file, or none. */
  get #validate(): ValidateFunction<T> {
    return this.#compiled ??= sharedValidator().compile<T>(this.schema);
  }

  /** A finding of the validator, with its place in the text. */
  #problems(tree: Node | undefined): Map<string, number> {
    const places = new Map<string, number>();
    for (const error of this.#validate.errors!) {
      const message = describe(error);
      if (!places.has(message)) places.set(message, offsetOf(error, tree));
    }
    return places;
  }
}

let validator: Ajv | null = null;

/** The one of all files. The meta-schema would take longer to compile than all of ours. */
function sharedValidator(): Ajv {
  return validator ??= new ajv.Ajv({
    allErrors: true,
    allowUnionTypes: true,
    verbose: true,
    formats: { network: isNetwork },
    meta: false,
    validateSchema: false,
  });
}

/** The place in the text of a finding of the validator. */
function offsetOf({ keyword, instancePath, params }: ErrorObject, tree: Node | undefined): number {
  let node = tree;
  for (const name of instancePath.split("/").slice(1)) {
    const key = name.replaceAll("~1", "/").replaceAll("~0", "~");
    node = node && jsonc.findNodeAtLocation(node, [node.type === "array" ? Number(key) : key]);
  }
  if (keyword !== "additionalProperties") return node?.offset ?? 0;
  const property = node?.children?.find(({ children }) =>
    children?.[0]?.value === params.additionalProperty
  );
  return property?.offset ?? node?.offset ?? 0;
}

/** The engine's message on one line, with line and column instead of a position; and the position. */
function jsonProblem(text: string, error: Error): [message: string, offset: number] {
  if (text.trim() === "") return ["the file is empty, expected a JSON object", 0];
  const message = error.message.split("\n")[0]!
    .replace(/,? (?:\.{3})?"[^]*is not valid JSON.*$/, "")
    .replace(/,? (?:\.{3})?"[^"]*$/, "")
    .replace(/ (?:in|after) JSON at position .*/, "");
  const offset = positionOf(text, error);
  const { line, column } = lineAndColumn(text, offset);
  return [`not valid JSON: ${message} at line ${line}, column ${column}`, offset];
}

/** A key that an object has twice: which of the two was meant? */
function duplicateKey(node: Node | undefined): Node | null {
  const seen = new Set<string>();
  for (const child of node?.children ?? []) {
    if (child.type === "property") {
      const key = String(child.children![0]!.value);
      if (seen.has(key)) return child.children![0]!;
      seen.add(key);
    }
    const within = duplicateKey(child);
    if (within !== null) return within;
  }
  return null;
}

/** Where it went wrong: the engine says so for some errors only. */
function positionOf(text: string, error: Error): number {
  const position = /position (\d+)/.exec(error.message)?.[1];
  if (position !== undefined) return Number(position);
  if (/end of JSON/.test(error.message)) return text.trimEnd().length;
  const errors: ParseError[] = [];
  jsonc.parseTree(text, errors, { disallowComments: true });
  return errors[0]?.offset ?? 0;
}

/** One finding of the validator in our words. */
function describe(error: ErrorObject): string {
  const at = error.instancePath.slice(1).replaceAll("~1", "/").replaceAll("~0", "~")
    .replace(/\/(\d+)/g, "[$1]").replaceAll("/", ".");
  const got = `got ${show(error.data)}`;
  const name = at === "" ? "the file" : `"${at}"`;
  switch (error.keyword) {
    case "additionalProperties": {
      const key = error.params.additionalProperty as string;
      const path = at === "" ? key : `${at}.${key}`;
      const known = Object.keys(error.parentSchema!.properties as object);
      const near = nearest(key, known.filter((name) => name !== "$schema"));
      return near !== null
        ? `"${path}" is not a key, did you mean "${near}"?`
        : `"${path}" is not a key, expected one of ${known.join(", ")}`;
    }
    case "type":
      if (Array.isArray(error.schema) && !error.schema.includes("array")) {
        return `${name} must be ${error.schema.map(article).join(" or ")}, ${got}`;
      }
      if (Array.isArray(error.schema)) {
        return `${name} must be a list of texts (or true, in a trusted service), ${got}`;
      }
      if (error.schema === "array") return `${name} must be a list of texts, ${got}`;
      return `${name} must be ${article(error.schema as string)}, ${got}`;
    case "required": {
      const missing = error.params.missingProperty as string;
      return `"${at === "" ? missing : `${at}.${missing}`}" is missing`;
    }
    case "enum":
      return `${name} must be one of ${error.params.allowedValues.join(", ")}, ${got}`;
    case "minimum":
      return `${name} must be at least ${error.schema}, ${got}`;
    case "maximum":
      return `${name} must be at most ${error.schema}, ${got}`;
    case "minLength":
      return `${name} must not be empty`;
    case "format":
      return `${name} must be an IP address, or a range such as "10.0.0.0/8", ${got}`;
    case "pattern":
      return at.startsWith("origins")
        ? `${name} must be an origin such as "https://example.com", ${got}`
        : `${name} has characters that are not allowed, ${got}`;
    default:
      return `${name} ${error.message}, ${got}`;
  }
}

function article(type: string): string {
  if (type === "null") return type;
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function show(value: unknown): string {
  const text = textOf(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** A value that may be no JSON at all, because it need not come from a file. */
function textOf(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "number") return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value === "object" ? "an object that JSON cannot hold" : String(value);
  }
}
