import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { addUser, PasswordFile } from "../../lib/host/auth/mod.ts";
import { TooManyLogins } from "../../lib/host/auth/password_file.ts";
import { matches } from "../../lib/host/auth/password_hash.ts";
import { FakeTime } from "../helpers/fake_time.ts";
import { Site } from "../helpers/site.ts";

Deno.test.sanitizer({ ops: true, resources: true });

/** A file with one user, Ada. */
async function ada() {
  const site = Site.make({});
  const path = join(site.root, "users.json");
  await addUser(path, "users.json", "ada", "correct horse", []);
  return { path, site, [Symbol.dispose]: () => site[Symbol.dispose]() };
}

const quiet = () => {};

Deno.test("few passwords are checked at a time, some wait, and the others are told so", async () => {
  using file = await ada();
  const underWay: ((isRight: boolean) => void)[] = [];
  let most = 0;
  let isOver = false;
  const passwords = new PasswordFile(file.path, "users.json", quiet, () => {
    if (isOver) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    underWay.push(resolve);
    most = Math.max(most, underWay.length);
    return promise;
  });
  const logins = Array.from({ length: 100 }, (_, n) => passwords.verify("ada", `guess ${n}`));
  const refused = logins.slice(68);
  for (const login of refused) await assertRejects(() => login, TooManyLogins);
  assertEquals(underWay.length, 4);
  for (let n = 0; n < 68; n++) {
    underWay.shift()!(false);
    assertEquals(await logins[n], null);
  }
  assertEquals([underWay.length, most], [0, 4]);
  isOver = true;
  assertEquals(await passwords.verify("nobody", "guess"), null);
});

Deno.test("checking the password of an unknown user takes as long as that of a known one", async () => {
  using file = await ada();
  const checked: string[] = [];
  const passwords = new PasswordFile(file.path, "users.json", quiet, (password, hash) => {
    checked.push(`${password} ${hash.slice(0, hash.indexOf("$", 15))}`);
    return matches(password, hash);
  });
  for (const login of ["ada", "nobody", "__proto__"]) {
    assertEquals(await passwords.verify(login, "guess"), null);
  }
  assertEquals(checked, Array(3).fill("guess scrypt$16384$8$1"));
});

Deno.test("a password that was right is not checked again for a while, and a wrong one is", async () => {
  using file = await ada();
  let checks = 0;
  const passwords = new PasswordFile(file.path, "users.json", quiet, (password, hash) => {
    checks++;
    return matches(password, hash);
  });
  for (let n = 0; n < 3; n++) {
    assertEquals((await passwords.verify("ada", "correct horse"))?.user.login, "ada");
  }
  assertEquals(checks, 1);
  for (let n = 0; n < 3; n++) assertEquals(await passwords.verify("ada", "guess"), null);
  assertEquals(checks, 4);
});

Deno.test("a file that could not be read is read as soon as it can be, and said to be broken once", async () => {
  using time = new FakeTime();
  using file = await ada();
  const told: string[] = [];
  const passwords = new PasswordFile(file.path, "users.json", (message) => told.push(message));
  const login = async (name: string, password: string) => {
    time.pass(1_000);
    return (await passwords.verify(name, password))?.user.login ?? null;
  };
  assertEquals(await login("ada", "correct horse"), "ada");
  const kept = `${file.path}.kept`;
  Deno.renameSync(file.path, kept);
  await addUser(kept, "users.json", "eva", "battery staple", []);
  const later = new Date(Date.now() + 60_000);
  // What cannot be read, and has the time of what can be: as a file has whose mode alone is changed.
  Deno.mkdirSync(file.path);
  Deno.utimeSync(file.path, later, later);
  for (let n = 0; n < 3; n++) assertEquals(await login("ada", "correct horse"), "ada");
  assertEquals(told.length, 1);
  assertMatch(told[0]!, /^Cannot read users "users\.json": .*; the users stay as they were$/);
  Deno.removeSync(file.path);
  Deno.renameSync(kept, file.path);
  Deno.utimeSync(file.path, later, later);
  assertEquals(await login("eva", "battery staple"), "eva");
  assertEquals(told.length, 1);
});

Deno.test("a file that is changed keeps its mode", async () => {
  using file = await ada();
  assertEquals(Deno.statSync(file.path).mode! & 0o777, 0o600);
  Deno.chmodSync(file.path, 0o640);
  assertEquals(await addUser(file.path, "users.json", "ada", "battery staple", []), "changed");
  assertEquals(Deno.statSync(file.path).mode! & 0o777, 0o640);
});

Deno.test({
  name: "a file that root changes stays that of the server's own user, who reads it",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  async fn() {
    using file = await ada();
    Deno.chownSync(file.path, 12345, 54321);
    assertEquals(await addUser(file.path, "users.json", "eva", "battery staple", []), "added");
    const { uid, gid, mode } = Deno.statSync(file.path);
    assertEquals([uid, gid, mode! & 0o777], [12345, 54321, 0o600]);
  },
});
