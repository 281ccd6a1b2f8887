import { join, SEPARATOR } from "@std/path";
import defer * as fileServer from "@std/http/file-server";

/** The type of files whose extension is unknown. With `nosniff`, browsers download such a file. */
const UNKNOWN_TYPE = "application/octet-stream";

/** A file of a service, with its metadata. */
interface Asset {
  path: string;
  info: Deno.FileInfo;
}

/**
 * Answers with a static file of a service; a folder stands for its `index.html`. What does not lie in the
 * folder, once links are followed, does not exist.
 *
 * @param folder The service's `assets/`, absolute.
 * @param path Decoded path within it.
 */
export async function serveAsset(
  request: Request,
  folder: string,
  path: string,
): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return plain(405, "Method Not Allowed", { allow: "GET, HEAD" });
  }
  const asset = await findAsset(folder, path);
  if (asset === null) return plain(404, "Not Found");
  if (asset === "folder") return toFolder(new URL(request.url));
  const { path: filePath, info } = asset;
  try {
    return ours(
      await fileServer.serveFile(withUsableRange(request, info), filePath, { fileInfo: info }),
    );
  } catch (error) {
    // The file was removed after it had been found.
    if (error instanceof Deno.errors.NotFound) return plain(404, "Not Found");
    throw error;
  }
}

/** A response of `@std/http` as a response of this server. */
function ours(response: Response): Response {
  const { status, headers } = response;
  if (status === 404) return plain(404, "Not Found");
  if (status === 416) {
    const range = headers.get("content-range") ?? "";
    return plain(416, "Range Not Satisfiable", { "content-range": range });
  }
  headers.delete("server");
  headers.set("x-content-type-options", "nosniff");
  // Without it, browsers guess from `last-modified` how long they need not ask again, and mix old files with new.
  headers.set("cache-control", "no-cache");
  // A 304 describes the file that the client already has (RFC 9110, section 15.4.5).
  if (status === 304) headers.delete("content-type");
  else if (!headers.has("content-type")) headers.set("content-type", UNKNOWN_TYPE);
  return response;
}

/**
 * The request without `Range`, if its `If-Range` names another version of the file: the client would otherwise put
 * parts of two versions together. `@std/http` does not look at `If-Range`. Only a date can match, since entity tags
 * of files are weak (RFC 9110, section 13.1.5).
 */
function withUsableRange(request: Request, { mtime }: Deno.FileInfo): Request {
  const version = request.headers.get("if-range");
  if (version === null || version === mtime?.toUTCString()) return request;
  const headers = new Headers(request.headers);
  headers.delete("range");
  return new Request(request.url, { method: request.method, headers });
}

/** Redirects to the same path with a slash at its end, so that a page's relative links work. */
export function toFolder({ pathname, search }: URL): Response {
  // A path that begins with two slashes would name another host.
  const location = `/${pathname.replace(/^[/\\]+/, "")}/${search}`;
  return new Response(null, { status: 308, headers: { location } });
}

async function findAsset(folder: string, path: string): Promise<Asset | "folder" | null> {
  if (
    /[\\\0]/.test(path) ||
    path.split("/").some((segment) => segment === ".." || segment.startsWith("."))
  ) {
    return null;
  }
  try {
    const root = await Deno.realPath(folder);
    let file = await Deno.realPath(join(folder, path));
    let info = await Deno.stat(file);
    const { isDirectory: isFolder } = info;
    if (isFolder) {
      file = await Deno.realPath(join(file, "index.html"));
      info = await Deno.stat(file);
    }
    if (!file.startsWith(root + SEPARATOR)) return null;
    return isFolder && path !== "" && !path.endsWith("/") ? "folder" : { path: file, info };
  } catch {
    return null;
  }
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers });
}
