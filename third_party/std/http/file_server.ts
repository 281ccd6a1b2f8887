/**
 * Stand-in for `jsr:@std/http/file-server` 1.1.3: `serveFile`.
 *
 * @module
 */
import { extname } from "node:path";
import { contentType } from "./content_type.ts";

/** The options of `@std/http` that Switchboard uses. */
export interface ServeFileOptions {
  /** What `Deno.stat` says of the file. Default: `Deno.stat` is called. */
  fileInfo?: Deno.FileInfo;
}

const STATUS_TEXTS = {
  200: "OK",
  206: "Partial Content",
  304: "Not Modified",
  404: "Not Found",
  405: "Method Not Allowed",
  416: "Range Not Satisfiable",
};

/** Answers with the file at the path. */
export async function serveFile(
  req: Request,
  filePath: string,
  options: ServeFileOptions = {},
): Promise<Response> {
  await req.body?.cancel();
  if (req.method !== "GET" && req.method !== "HEAD") return failure(405);
  const info = options.fileInfo ?? await infoOf(filePath);
  if (info === null || info.isDirectory) return failure(404);
  const headers = await headersOf(filePath, info);
  const { size } = info;
  const withLength = (length: number) => headers.set("content-length", String(length));
  // The real one looks at neither conditions nor ranges of HEAD.
  if (req.method === "HEAD") {
    withLength(size);
    return response(200, null, headers);
  }
  if (isUnchanged(req.headers, headers.get("etag"), info.mtime)) {
    return response(304, null, headers);
  }
  const range = size === 0 ? null : rangeOf(req.headers.get("range"), size);
  if (range === null) {
    withLength(size);
    return response(200, (await Deno.open(filePath)).readable, headers);
  }
  const [first, last] = range;
  if (last < 0 || last < first || first >= size) {
    headers.set("content-range", `bytes */${size}`);
    return failure(416, headers);
  }
  const start = Math.max(first, 0);
  const end = Math.min(last, size - 1);
  headers.set("content-range", `bytes ${start}-${end}/${size}`);
  withLength(end - start + 1);
  return response(206, await part(filePath, start, end - start + 1), headers);
}

async function infoOf(filePath: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(filePath);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function headersOf(filePath: string, { size, mtime }: Deno.FileInfo): Promise<Headers> {
  const headers = new Headers({ "server": "deno", "accept-ranges": "bytes" });
  if (mtime !== null) {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(mtime.toJSON()));
    const hash = new Uint8Array(digest).toBase64().slice(0, 27);
    headers.set("etag", `W/"${size.toString(16)}-${hash}"`);
    headers.set("last-modified", mtime.toUTCString());
  }
  const type = contentType(extname(filePath));
  if (type !== undefined) headers.set("content-type", type);
  return headers;
}

/** Whether the client has this version already. `If-None-Match` counts over `If-Modified-Since`. */
function isUnchanged(asked: Headers, etag: string | null, mtime: Date | null): boolean {
  const known = asked.get("if-none-match");
  if (known !== null) {
    const strong = (tag: string) => tag.replace(/^W\//, "");
    if (known === "" || etag === null) return false;
    return known.trim() === "*" || known.split(/\s*,\s*/).map(strong).includes(strong(etag));
  }
  const since = asked.get("if-modified-since");
  // The header has no fractions of a second.
  return since !== null && mtime !== null && mtime.getTime() - Date.parse(since) < 1000;
}

/**
 * The first and the last byte that a `Range` header asks for; null: it asks for none or for several parts. The values
 * may lie outside of the file.
 */
function rangeOf(header: string | null, size: number): [number, number] | null {
  const [, first, last] = /bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || first === last && first === "") return null;
  if (first === "") return [size - Number(last), size - 1];
  return [Number(first), last === "" ? size - 1 : Number(last)];
}

/** A part of a file. */
async function part(filePath: string, start: number, length: number): Promise<ReadableStream> {
  const file = await Deno.open(filePath);
  await file.seek(start, Deno.SeekMode.Start);
  let left = length;
  return file.readable.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        controller.enqueue(chunk.subarray(0, left));
        left -= chunk.length;
        if (left <= 0) controller.terminate();
      },
    }),
  );
}

function failure(status: 404 | 405 | 416, headers?: Headers): Response {
  return response(status, STATUS_TEXTS[status], headers);
}

function response(
  status: keyof typeof STATUS_TEXTS,
  body: BodyInit | null,
  headers?: Headers,
): Response {
  return new Response(body, { status, statusText: STATUS_TEXTS[status], headers });
}
