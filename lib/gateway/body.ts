/**
 * Reads a request's body up to a limit; null: it is larger. A body that says it is too large is not read.
 *
 * @param limit Bytes; 0: no limit.
 */
export async function readBody(request: Request, limit: number): Promise<Uint8Array | null> {
  const max = limit === 0 ? Infinity : limit;
  if (Number(request.headers.get("content-length") ?? 0) > max) {
    await request.body?.cancel();
    return null;
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > max) return null;
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
