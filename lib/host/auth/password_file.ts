import { createHmac, randomBytes } from "node:crypto";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import { JsonFile } from "../../base/json_file.ts";
import type { Identity } from "../../model/mod.ts";
import { identityOf } from "./identity.ts";
import { hashPassword, isHash, matches as scryptMatches } from "./password_hash.ts";
import schema from "./users.schema.json" with { type: "json" };

interface UserEntry {
  password: string;
  displayName?: string;
  email?: string;
  roles?: string[];
  disabled?: boolean;
}

interface Users {
  $schema?: string;
  users: Record<string, UserEntry>;
}

/** Passwords that are checked at a time: each takes 16 MiB and a thread. */
const MAX_AT_A_TIME = 4;
/** Those that may wait for their turn. */
const MAX_WAITING = 64;
/** How long a password that was right is taken for right without another look, ms. */
const REMEMBER_MS = 60_000;
/** How many are remembered. */
const MAX_REMEMBERED = 10_000;
/** How often the file is looked at, ms. */
const LOOK_EVERY_MS = 1_000;

const usersFile = new JsonFile<Users>("users", "SB_AUTH", schema);

/** More want to log in than can be checked. */
export class TooManyLogins extends Error {
  override name = "TooManyLogins";
}

/** Users with hashed passwords, in a file; changes of the file count at once. */
export class PasswordFile {
  #users: Record<string, UserEntry> = {};
  #modified = -1;
  /** Why the file cannot be read; it is said once. */
  #problem = "";
  #looked = 0;
  #busy = 0;
  readonly #waiting: (() => void)[] = [];
  /** Passwords that were right, under a secret key. */
  readonly #remembered = new Map<string, number>();
  readonly #secret = randomBytes(32);
  /** Passwords of unknown users are checked against this hash, so that refusing them takes as long. */
  readonly #dummyHash: Promise<string>;

  /**
   * @param path The file.
   * @param shown Its path in messages.
   * @param onError Told why a changed file does not count.
   * @param matches Checks a password against a hash.
   * @throws {SwitchboardError} `SB_AUTH`, if it is not there or not as its schema says.
   */
  constructor(
    private readonly path: string,
    private readonly shown: string,
    private readonly onError: (message: string) => void,
    private readonly matches: (password: string, hash: string) => Promise<boolean> = scryptMatches,
  ) {
    this.#read();
    this.#dummyHash = hashPassword(crypto.randomUUID());
  }

  /**
   * The user of a login and password; null: one of them is wrong.
   *
   * @throws {TooManyLogins} If too many wait already.
   */
  async verify(login: string, password: string): Promise<Identity | null> {
    this.#look();
    const user = Object.hasOwn(this.#users, login) ? this.#users[login]! : null;
    const hash = user?.password ?? await this.#dummyHash;
    const isRight = await this.#isRight(login, password, hash);
    if (!isRight || user === null || user.disabled === true) return null;
    const { displayName, email, roles = [] } = user;
    return identityOf({ idProvider: "basic", id: login, displayName, email, roles });
  }

  async #isRight(login: string, password: string, hash: string): Promise<boolean> {
    const proof = createHmac("sha256", this.#secret)
      .update(JSON.stringify([login, password, hash])).digest("base64");
    const until = this.#remembered.get(proof);
    if (until !== undefined && until > Date.now()) return true;
    const isRight = await this.#inTurn(() => this.matches(password, hash));
    if (isRight) this.#remember(proof);
    return isRight;
  }

  #remember(proof: string): void {
    if (this.#remembered.size >= MAX_REMEMBERED) {
      this.#remembered.delete(this.#remembered.keys().next().value!);
    }
    this.#remembered.set(proof, Date.now() + REMEMBER_MS);
  }

  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (this.#busy >= MAX_AT_A_TIME) {
      if (this.#waiting.length >= MAX_WAITING) throw new TooManyLogins("Too many logins at a time");
      await new Promise<void>((go) => this.#waiting.push(go));
    }
    this.#busy++;
    try {
      return await run();
    } finally {
      this.#busy--;
      this.#waiting.shift()?.();
    }
  }

  #look(): void {
    const now = performance.now();
    if (now - this.#looked < LOOK_EVERY_MS) return;
    this.#looked = now;
    try {
      this.#read();
      this.#problem = "";
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) this.onError(`${problem}; the users stay as they were`);
      this.#problem = problem;
    }
  }

  #read(): void {
    const modified = modifiedAt(this.path);
    if (modified === this.#modified) return;
    this.#users = readUsers(this.path, this.shown).users;
    // Only now: a file that cannot be read now may become readable without a change of its time.
    this.#modified = modified;
  }
}

/** Adds a user to a file, or changes one; the file is made, if there is none. */
export async function addUser(
  path: string,
  shown: string,
  login: string,
  password: string,
  roles: string[],
): Promise<"added" | "changed"> {
  if (!/^[^:\p{C}]{1,128}$/u.test(login)) {
    throw new SwitchboardError(
      "SB_AUTH",
      `Cannot add user ${JSON.stringify(login)}: a login has 1 to 128 characters, and no colon`,
    );
  }
  if (password.length < 8 || password.length > 512) {
    throw new SwitchboardError(
      "SB_AUTH",
      `Cannot add user "${login}": a password has 8 to 512 characters, got ${password.length}`,
    );
  }
  const file = usersFile.read(path, shown) ?? { users: {} };
  const before = Object.hasOwn(file.users, login) ? file.users[login]! : null;
  const entry: UserEntry = {
    ...before,
    password: await hashPassword(password),
    roles: roles.length > 0 ? roles : before?.roles ?? [],
  };
  const users = Object.fromEntries([...Object.entries(file.users), [login, entry]]);
  const text = `${JSON.stringify({ ...file, users }, null, 2)}\n`;
  writeUsers(path, shown, text);
  return before === null ? "added" : "changed";
}

/** Writes a new file and renames it, so that no program reads half of it; a new file is readable by its owner only. */
function writeUsers(path: string, shown: string, text: string): void {
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    Deno.writeTextFileSync(draft, text, { mode: 0o600, createNew: true });
    const before = statOf(path);
    if (before !== null) takeAfter(draft, before);
    Deno.renameSync(draft, path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "its folder is not there"
      : error instanceof Deno.errors.NotCapable
      ? "run again with the --allow-write flag"
      : messageOf(error);
    throw new SwitchboardError("SB_AUTH", `Cannot write users "${shown}": ${reason}`, {
      cause: error,
    });
  }
}

/**
 * Gives a draft the owner and the mode of the file that it replaces, as far as we may: the server that reads it
 * may run as another user.
 */
function takeAfter(draft: string, { uid, gid, mode }: Deno.FileInfo): void {
  if (uid === null || gid === null || mode === null) return;
  const isOfGroup = mayChange(draft, uid, gid) || mayChange(draft, null, gid);
  // Another group than before has not been let in.
  Deno.chmodSync(draft, mode & (isOfGroup ? 0o777 : 0o707));
}

function mayChange(draft: string, uid: number | null, gid: number): boolean {
  try {
    Deno.chownSync(draft, uid, gid);
    return true;
  } catch {
    return false;
  }
}

function readUsers(path: string, shown: string): Users {
  const file = usersFile.read(path, shown);
  if (file === null) {
    throw new SwitchboardError(
      "SB_AUTH",
      `There are no users: "${shown}" is missing; make it with "switchboard user add NAME"`,
    );
  }
  for (const [login, { password }] of Object.entries(file.users)) {
    if (isHash(password)) continue;
    throw new SwitchboardError(
      "SB_AUTH",
      `Cannot read users "${shown}": the password of "${login}" is not a hash; ` +
        `set it with "switchboard user add ${login}"`,
    );
  }
  return file;
}

function modifiedAt(path: string): number {
  return statOf(path)?.mtime?.getTime() ?? 0;
}

function statOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}
