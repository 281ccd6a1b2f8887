/** Input of a command; `Deno.stdin` is one. */
export interface InputStream {
  readonly readable: ReadableStream<Uint8Array>;
  isTerminal(): boolean;
  read(into: Uint8Array): Promise<number | null>;
  setRaw(isRaw: boolean): void;
}

/** Output of a command; `Deno.stdout` is one. */
export interface OutputStream {
  isTerminal(): boolean;
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
}

/**
 * The streams, environment and signals that a command gets from its shell. `Deno` is the
 * shell of this process; a test passes its own and runs the command in its own process.
 */
export interface Shell {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: { get(name: string): string | undefined };
  /** Whether the user wants no colors. */
  readonly noColor: boolean;
  /** Size of the terminal. */
  consoleSize(): { columns: number; rows: number };
  addSignalListener(signal: Deno.Signal, listener: () => void): void;
  removeSignalListener(signal: Deno.Signal, listener: () => void): void;
}
