import { findProgram } from "./programs.ts";

/**
 * The program for `DENORT_BIN` where the binary need not run: the runtime for binaries may not be had here, and a small
 * program is written much faster.
 */
export const STAND_IN: string = (Deno.build.os === "linux" ? findProgram("true") : null) ??
  Deno.execPath();

const decoder = new TextDecoder();

/** The marker that Deno puts before the data it appends to its runtime. */
const MARK = new TextEncoder().encode("d3n0l4nd");

/** A folder or a file as the binary lists it. */
interface Entry {
  Dir?: { n: string; e: Entry[] };
  File?: { n: string };
}

/** The contents of a binary made by `deno compile`. */
export interface Binary {
  /** Paths of the embedded files; npm packages are below `.deno_compile_node_modules/`. */
  files: string[];
  /** Its runtime flags. */
  metadata: {
    permissions: Record<string, unknown>;
    unstable_config: { features: string[] };
    entrypoint_key: string;
  };
  /** All that was appended, as text. */
  text: string;
}

/**
 * Reads what Deno 2.9 appends to its runtime: sections of JSON and of contents, each with its length before it.
 *
 * @param runtime The runtime that it was appended to.
 */
export function readBinary(file: string, runtime: string): Binary {
  const bytes = Deno.readFileSync(file).subarray(Deno.statSync(runtime).size);
  const files: string[] = [];
  const walk = (entries: Entry[], above: string): void => {
    for (const { Dir, File } of entries) {
      if (Dir !== undefined) walk(Dir.e, `${above}${Dir.n}/`);
      if (File !== undefined) files.push(above + File.n);
    }
  };
  const start = indexOf(bytes, MARK, 0);
  walk(section(bytes, start, '[{"Dir":{"n":') as Entry[], "");
  return {
    files,
    metadata: section(bytes, start, '{"argv":') as Binary["metadata"],
    text: decoder.decode(bytes),
  };
}

/** The first section that begins like this. */
function section(bytes: Uint8Array, start: number, beginning: string): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = indexOf(bytes, new TextEncoder().encode(beginning), start);
  if (start < 0 || at < 0) throw new Error(`Nothing in the binary begins with ${beginning}`);
  const length = Number(view.getBigUint64(at - 8, true));
  return JSON.parse(decoder.decode(bytes.subarray(at, at + length)));
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(wanted[0]!, from); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}
