/**
 * Stand-in for `jsr:@std/path` 1.1.6: the names that Switchboard uses, from `node:path` where that does the same.
 *
 * @module
 */
import * as path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const IS_POSIX = Deno.build.os !== "windows";

export { isAbsolute, relative, resolve, sep as SEPARATOR } from "node:path";

/** The last part of a path; of the root, the root. */
export function basename(of: string | URL, suffix = ""): string {
  const text = textOf(of);
  return IS_POSIX && /^\/+$/.test(text) ? "/" : path.basename(text, suffix);
}

/** All but the last part of a path. */
export function dirname(of: string | URL): string {
  const parent = path.dirname(textOf(of));
  return IS_POSIX ? parent.replace(/(?<!^)\/+$/, "") : parent;
}

/** The extension of a path, with its dot. */
export function extname(of: string | URL): string {
  return path.extname(textOf(of));
}

/** Joins the parts of a path. */
export function join(first: string | URL, ...rest: string[]): string {
  return path.join(textOf(first), ...rest);
}

/** The path of a `file:` URL. */
export function fromFileUrl(url: string | URL): string {
  const { protocol, pathname } = new URL(url);
  if (protocol !== "file:") {
    throw new TypeError(`URL must be a file URL: received "${protocol}"`);
  }
  if (!IS_POSIX) return fileURLToPath(url);
  return decodeURIComponent(pathname.replaceAll(/%(?![\da-f]{2})/gi, "%25"));
}

/** An absolute path as a `file:` URL. */
export function toFileUrl(absolute: string): URL {
  if (!path.isAbsolute(absolute)) {
    throw new TypeError(`Path must be absolute: received "${absolute}"`);
  }
  if (!IS_POSIX) return pathToFileURL(absolute);
  const url = new URL("file:///");
  // The setter leaves these as they are, or drops them.
  url.pathname = absolute.replace(/^\/+/, "/").replaceAll(/[%\\\s]/g, encodeURIComponent);
  return url;
}

function textOf(given: string | URL): string {
  return given instanceof URL ? fromFileUrl(given) : given;
}
