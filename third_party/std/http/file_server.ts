/**
 * Stand-in for `jsr:@std/http/file-server`: `serveFile`, with content types from npm `mime`.
 * The real one adds ETags and ranges.
 *
 * @module
 */
import mime from "mime";

/** Answers with the file at the path, or 404. */
export async function serveFile(req: Request, filePath: string): Promise<Response> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(filePath);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      await req.body?.cancel();
      return new Response("Not Found", { status: 404, statusText: "Not Found" });
    }
    throw error;
  }
  const type = mime.getType(filePath) ?? "application/octet-stream";
  const headers = {
    "content-length": String((await file.stat()).size),
    "content-type": type.startsWith("text/") ? `${type}; charset=UTF-8` : type,
  };
  if (req.method === "HEAD") {
    file.close();
    return new Response(null, { headers });
  }
  return new Response(file.readable, { headers });
}
