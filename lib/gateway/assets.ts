import { join, SEPARATOR } from "@std/path";
import { serveFile } from "@std/http/file-server";

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
  const file = await realFile(folder, path);
  if (file === null) return plain(404, "Not Found");
  if (file === "folder") return toFolder(new URL(request.url));
  const response = await serveFile(request, file);
  response.headers.set("x-content-type-options", "nosniff");
  return response;
}

/** Redirects to the same path with a slash at its end, so that a page's relative links work. */
export function toFolder({ pathname, search }: URL): Response {
  // A path that begins with two slashes would name another host.
  const location = `/${pathname.replace(/^[/\\]+/, "")}/${search}`;
  return new Response(null, { status: 308, headers: { location } });
}

async function realFile(folder: string, path: string): Promise<string | null> {
  if (
    /[\\\0]/.test(path) ||
    path.split("/").some((segment) => segment === ".." || segment.startsWith("."))
  ) {
    return null;
  }
  try {
    const root = await Deno.realPath(folder);
    let file = await Deno.realPath(join(folder, path));
    const isFolder = (await Deno.stat(file)).isDirectory;
    if (isFolder) file = await Deno.realPath(join(file, "index.html"));
    if (!file.startsWith(root + SEPARATOR)) return null;
    return isFolder && path !== "" && !path.endsWith("/") ? "folder" : file;
  } catch {
    return null;
  }
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers });
}
