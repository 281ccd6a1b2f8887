import { resolve } from "@std/path";
import { addUser } from "../auth/mod.ts";
import { SwitchboardError } from "../errors.ts";
import { print } from "./output.ts";
import { escaped } from "./printable.ts";
import { readSettings } from "../service/mod.ts";

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
): Promise<void> {
  const root = resolve(given);
  const { basic } = readSettings(root).auth;
  if (basic === undefined) {
    throw new SwitchboardError(
      "SB_AUTH",
      'There is no file for users: add { "auth": { "basic": { "file": "users.json" } } } to switchboard.json',
    );
  }
  const password = await readPassword(login);
  const done = await addUser(resolve(root, basic.file), basic.file, login, password, role);
  print(`User "${escaped(login)}" ${done} in ${basic.file}`);
}

async function readPassword(login: string): Promise<string> {
  if (!Deno.stdin.isTerminal()) return await firstLine();
  const first = await ask(`Password for ${escaped(login)}: `);
  if (await ask("Once more: ") === first) return first;
  throw new SwitchboardError("SB_AUTH", "The passwords differ; nothing was changed");
}

async function firstLine(): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of Deno.stdin.readable) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n") || text.length > 10_000) break;
  }
  return text.split(/\r?\n/)[0]!;
}

/** Asks at the terminal, without showing what is typed. */
async function ask(question: string): Promise<string> {
  Deno.stdout.writeSync(new TextEncoder().encode(question));
  Deno.stdin.setRaw(true);
  try {
    return await typed();
  } finally {
    Deno.stdin.setRaw(false);
    console.log();
  }
}

async function typed(): Promise<string> {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(256);
  let text = "";
  while (true) {
    const count = await Deno.stdin.read(chunk);
    if (count === null) return text;
    for (const char of decoder.decode(chunk.subarray(0, count), { stream: true })) {
      if (char === "\r" || char === "\n") return text;
      // In raw mode nobody else sees to these.
      if (char === "\x03" || char === "\x04") {
        throw new SwitchboardError("SB_AUTH", "Cancelled; nothing was changed");
      }
      text = char === "\x7f" || char === "\b" ? text.slice(0, -1) : text + char;
    }
  }
}
