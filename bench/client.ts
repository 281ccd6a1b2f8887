import { BenchError } from "./error.ts";

/** The task of the load client; see `load.c`. */
export interface Load {
  mode: "echo" | "fanout" | "chat" | "connect" | "idle";
  clients: number;
  messages: number;
  warmup: number;
  size: number;
  window: number;
}

/** Its output; a value that a mode does not measure is 0. */
export interface Run {
  /** Messages echoed, deliveries, or connections. */
  count: number;
  seconds: number;
  /** CPU seconds of the server's process, all threads. */
  serverCpu: number;
  /** CPU seconds of the load client. */
  clientCpu: number;
  /** Round trip, µs. */
  p50: number;
  p99: number;
  p999: number;
  /** Memory of the server's process before and with the connections, KB. */
  baseKb: number;
  rssKb: number;
}

/** Where the load goes. */
export interface Target {
  port: number;
  pid: number;
  path: string;
  protocol: string;
}

/**
 * Runs the load client against a server on 127.0.0.1.
 *
 * @throws {BenchError} If the server did not answer as it must, or stalled.
 */
export async function runLoad(
  program: string,
  { mode, clients, messages, warmup, size, window }: Load,
  { port, pid, path, protocol }: Target,
  signal: AbortSignal,
): Promise<Run> {
  const numbers = [pid, clients, messages, warmup, size, window].map(String);
  const result = await new Deno.Command(program, {
    args: [mode, `${port}`, path, ...numbers, protocol],
    signal,
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (result.success) return JSON.parse(text(result.stdout));
  signal.throwIfAborted();
  const reason = result.signal === null ? "" : `ended by ${result.signal}`;
  throw new BenchError(text(result.stderr) || `The load client failed: ${reason}`);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim();
}
