import { resolve } from "@std/path";
import { addUser } from "../../host/auth/mod.ts";
import { SwitchboardError } from "../../base/errors.ts";
import { print } from "./output.ts";
import { escaped } from "./printable.ts";
import type { Shell } from "./shell.ts";
import { readSettings } from "../../host/service/mod.ts";

/** Flags of `user add`. */
export interface UserOptions {
  root: string;
  role?: string[];
}

/**
 * Adds a user to the file of `auth.basic`, or changes one. Asks for the password at a terminal; otherwise reads
 * it from standard input, up to the end of the line.
 *
 * @throws {SwitchboardError} `SB_AUTH`, if the login or the password cannot be, or the settings name no file.
 */
export async function userAdd(
  login: string,
  { root: given, role = [] }: UserOptions,
  shell: Shell = Deno,
): Promise<void> {
  const root = resolve(given);
  const { basic } = readSettings(root).auth;
  if (basic === undefined) {
    throw new SwitchboardError(
      "SB_AUTH",
      'No users file is configured: add { "auth": { "basic": { "file": "users.json" } } } to switchboard.json',
    );
  }
  const password = await readPassword(login, shell);
  const done = await addUser(resolve(root, basic.file), basic.file, login, password, role);
  print(`User "${escaped(login)}" ${done} in ${basic.file}`, shell);
}

async function readPassword(login: string, shell: Shell): Promise<string> {
  if (!shell.stdin.isTerminal()) return await firstLine(shell);
  const first = await ask(`Password for ${escaped(login)}: `, shell);
  if (await ask("Once more: ", shell) === first) return first;
  throw new SwitchboardError("SB_AUTH", "The passwords differ; nothing was changed");
}

async function firstLine({ stdin }: Shell): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stdin.readable) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n") || text.length > 10_000) break;
  }
  return text.split(/\r?\n/)[0]!;
}

/** Asks at the terminal, without echo. */
async function ask(question: string, shell: Shell): Promise<string> {
  shell.stdout.writeSync(new TextEncoder().encode(question));
  shell.stdin.setRaw(true);
  try {
    return await typed(shell);
  } finally {
    shell.stdin.setRaw(false);
    print("", shell);
  }
}

async function typed({ stdin }: Shell): Promise<string> {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(256);
  let text = "";
  while (true) {
    const count = await stdin.read(chunk);
    if (count === null) return text;
    for (const char of decoder.decode(chunk.subarray(0, count), { stream: true })) {
      if (char === "\r" || char === "\n") return text;
      // In raw mode the terminal does not handle these.
      if (char === "\x03" || char === "\x04") {
        throw new SwitchboardError("SB_AUTH", "Cancelled; nothing was changed");
      }
      text = char === "\x7f" || char === "\b" ? text.slice(0, -1) : text + char;
    }
  }
}
