import { fromFileUrl } from "@std/path";

/** One finding of the type checker. */
export interface Diagnostic {
  message: string;
  /** For example `TS2322`; null: it is none of the types. */
  tsCode: string | null;
  url: string | null;
  line: number;
  column: number;
}

const PLACE = /^\s+at (\S+?):(\d+):(\d+)$/;

/** The diagnostics in the output of `deno check`; none if it failed before checking. */
export function diagnosticsOf(output: string): Diagnostic[] {
  return output.split(/^(?=TS\d+ \[ERROR\]: )/m).flatMap((block) => {
    const [, tsCode, text] = /^(TS\d+) \[ERROR\]: ([^]*)$/.exec(block) ?? [];
    if (tsCode === undefined) return [];
    const lines = text!.split("\n");
    const at = lines.findIndex((line) => PLACE.test(line));
    const [, url, line, column] = PLACE.exec(lines[at] ?? "") ?? [];
    const said = lines.slice(0, at < 0 ? 1 : at);
    // The line of code, and the mark under it.
    if (/^\s*[~^]+\s*$/.test(said.at(-1)!)) said.splice(-2);
    return {
      message: said.map((line) => line.trim()).filter((line) => !line.startsWith("hint: ")).join(
        " ",
      ),
      tsCode,
      url: url ?? null,
      line: Number(line ?? 1),
      column: Number(column ?? 1),
    };
  });
}

/** Where it is; null: in no file of this machine. */
export function pathOf({ url }: Diagnostic): string | null {
  return url?.startsWith("file:") ? fromFileUrl(url) : null;
}

/** The error that prevented `deno check` from checking anything. */
export function fatalOf(output: string): Diagnostic {
  const [first = "", ...others] = output.replace(/^[^]*?^error: /m, "").trim().split("\n");
  const [, url, line, column] = others.map((other) => PLACE.exec(other)).find((one) => one) ?? [];
  return {
    message: `Cannot check types: ${first}`,
    tsCode: null,
    url: url ?? null,
    line: Number(line ?? 1),
    column: Number(column ?? 1),
  };
}

/** Without colors. */
export function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\u001b\[[\d;]*m/g, "").replace(/^Stack backtrace:[^]*$/m, "");
}
