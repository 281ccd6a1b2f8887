/** The result of reading a body: its bytes, or the reason why they were not read. */
export type Body = Uint8Array | "too large" | "too slow" | "cut off";

/**
 * Reads a request's body. One that says that it is too large is not read.
 *
 * @param limit Bytes; 0: no limit.
 * @param timeoutMs How long it may take to come; 0: as long as it does.
 */
export async function readBody(request: Request, limit: number, timeoutMs: number): Promise<Body> {
  const max = limit === 0 ? Infinity : limit;
  if (Number(request.headers.get("content-length") ?? 0) > max) {
    await request.body?.cancel().catch(() => {});
    return "too large";
  }
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  let isLate = false;
  const timer = timeoutMs === 0 ? undefined : setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => {});
  }, timeoutMs);
  try {
    const body = await readAll(reader, max) ?? "too large";
    // A read that is cancelled ends like a body that is complete.
    return isLate ? "too slow" : body;
  } catch {
    // The client has disconnected in the middle of it: that is its business.
    return isLate ? "too slow" : "cut off";
  } finally {
    clearTimeout(timer);
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  max: number,
): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) return joined(chunks, length);
    length += value.length;
    if (length > max) {
      await reader.cancel();
      return null;
    }
    chunks.push(value);
  }
}

function joined(chunks: Uint8Array[], length: number): Uint8Array {
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
