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
  const response = await serveFile(request, file);
  response.headers.set("x-content-type-options", "nosniff");
  return response;
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
    if ((await Deno.stat(file)).isDirectory) file = await Deno.realPath(join(file, "index.html"));
    return file.startsWith(root + SEPARATOR) ? file : null;
  } catch {
    return null;
  }
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers });
}
