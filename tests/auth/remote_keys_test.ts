import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { JwtVerifier, WrongToken } from "../../lib/host/auth/jwt.ts";
import { FakeTime } from "../helpers/fake_time.ts";
import { KeyPair } from "../helpers/tokens.ts";

Deno.test.sanitizer({ ops: true, resources: true });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A server with keys, that a test can take down, and what it was asked. */
class KeyServer implements AsyncDisposable {
  keys: Record<string, unknown>[] = [];
  asked = 0;
  /** What it answers in place of its keys. */
  fails: (() => Response | Promise<Response>) | null = null;
  readonly #server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    this.asked++;
    return this.fails?.() ?? Response.json({ keys: this.keys });
  });

  get settings() {
    return {
      algorithms: ["RS256" as const],
      jwksUrl: `http://127.0.0.1:${this.#server.addr.port}/keys`,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Keys by their names: to make one of RSA takes long, so that tests share them. */
const keys = new Map<string, Promise<KeyPair>>();

function keyOf(name: string): Promise<KeyPair> {
  const key = keys.get(name) ?? KeyPair.make("RS256", name);
  keys.set(name, key);
  return key;
}

const DOWN = () => new Response("down", { status: 500 });

async function open(server: KeyServer, before: JwtVerifier | null = null) {
  const told: string[] = [];
  const verifier = await JwtVerifier.open(
    server.settings,
    ".",
    (message) => told.push(message),
    before,
  );
  return { verifier, told };
}

const login = async (verifier: JwtVerifier, key: KeyPair) =>
  (await verifier.verify(await key.token())).user.login;

Deno.test("a key that is new counts once the cooldown is over, and no token makes us ask before", async () => {
  using time = new FakeTime();
  await using server = new KeyServer();
  const [one, two] = [await keyOf("one"), await keyOf("two")];
  server.keys = [await one.jwk()];
  const { verifier } = await open(server);
  assertEquals(await login(verifier, one), "ada");
  server.keys = [await two.jwk()];
  for (let n = 0; n < 100; n++) await assertRejects(() => login(verifier, two), WrongToken);
  assertEquals(server.asked, 1);
  time.pass(30_000);
  assertEquals(await login(verifier, two), "ada");
  assertEquals(server.asked, 2);
  await assertRejects(() => login(verifier, one), WrongToken, "an unknown key");
  assertEquals(server.asked, 2);
});

Deno.test("keys are fetched again after ten minutes, and a withdrawn key is no longer accepted", async () => {
  using time = new FakeTime();
  await using server = new KeyServer();
  const [one, two] = [await keyOf("one"), await keyOf("two")];
  server.keys = [await one.jwk()];
  const { verifier } = await open(server);
  assertEquals(await login(verifier, one), "ada");
  server.keys = [await two.jwk()];
  time.pass(10 * MINUTE - 1);
  assertEquals(await login(verifier, one), "ada");
  time.pass(1);
  await assertRejects(() => login(verifier, one), WrongToken, "an unknown key");
});

Deno.test("a URL that fails is not asked for each token", async () => {
  using time = new FakeTime();
  await using server = new KeyServer();
  const one = await keyOf("one");
  server.keys = [await one.jwk()];
  server.fails = DOWN;
  const { verifier } = await open(server);
  for (let n = 0; n < 100; n++) {
    const error = await assertRejects(() => login(verifier, one), Error, "Cannot get the keys");
    assertEquals(error instanceof WrongToken, false);
  }
  assertEquals(server.asked, 1);
  const many = await Promise.allSettled(Array.from({ length: 100 }, () => login(verifier, one)));
  assertEquals([many.every(({ status }) => status === "rejected"), server.asked], [true, 1]);
  server.fails = null;
  time.pass(5_000);
  assertEquals(await login(verifier, one), "ada");
  assertEquals(server.asked, 2);
});

Deno.test("while the URL fails the keys that there were go on, for a day and no longer", async (t) => {
  using time = new FakeTime();
  await using server = new KeyServer();
  const [one, two] = [await keyOf("one"), await keyOf("two")];
  server.keys = [await one.jwk()];
  const { verifier, told } = await open(server);
  assertEquals(await login(verifier, one), "ada");
  server.fails = DOWN;
  await t.step("known keys", async () => {
    time.pass(11 * MINUTE);
    for (let n = 0; n < 100; n++) assertEquals(await login(verifier, one), "ada");
    assertEquals(server.asked, 2);
  });
  await t.step("it is said once", () => {
    assertEquals(told.length, 1);
    assertMatch(told[0]!, /^Cannot get the keys .*; the current keys stay valid for up to 24 h$/);
  });
  await t.step("tokens with unknown keys cannot be checked", async () => {
    const error = await assertRejects(() => login(verifier, two), Error, "Cannot get the keys");
    assertEquals(error instanceof WrongToken, false);
  });
  await t.step("a URL that does not answer does not delay tokens with known keys", async () => {
    const answer = Promise.withResolvers<Response>();
    server.fails = () => answer.promise;
    time.pass(MINUTE);
    const before = Date.now();
    try {
      for (let n = 0; n < 10; n++) assertEquals(await login(verifier, one), "ada");
      // Whoever waited for the look would have waited until it is given up, 5 s.
      assert(Date.now() - before < 4_000);
    } finally {
      answer.resolve(DOWN());
    }
    await assertRejects(() => login(verifier, two), Error, "Cannot get the keys");
    assertEquals(server.asked, 3);
  });
  await t.step("a day later", async () => {
    server.fails = DOWN;
    time.pass(24 * HOUR);
    await assertRejects(() => login(verifier, one), Error, "Cannot get the keys");
  });
  await t.step("and when it is there again", async () => {
    server.fails = null;
    time.pass(5_000);
    assertEquals(await login(verifier, one), "ada");
  });
});

Deno.test("a reload of the settings fetches the keys, or keeps the current ones", async () => {
  using _time = new FakeTime();
  await using server = new KeyServer();
  const [one, two] = [await keyOf("one"), await keyOf("two")];
  server.keys = [await one.jwk()];
  const { verifier: first } = await open(server);
  assertEquals(await login(first, one), "ada");
  server.fails = DOWN;
  const { verifier: second } = await open(server, first);
  assertEquals(await login(second, one), "ada");
  assertEquals(server.asked, 2);
  server.fails = null;
  server.keys = [await two.jwk()];
  const { verifier: third } = await open(server, second);
  assertEquals(await login(third, two), "ada");
  await assertRejects(() => login(third, one), WrongToken, "an unknown key");
});

Deno.test("a token that names no key is tried with each that fits", async () => {
  await using server = new KeyServer();
  const [one, two, other] = [
    await keyOf("one"),
    await keyOf("two"),
    await keyOf("other"),
  ];
  server.keys = [await one.jwk(), await two.jwk()];
  const { verifier } = await open(server);
  const nameless = { kid: null };
  for (const key of [one, two]) {
    assertEquals((await verifier.verify(await key.token({}, nameless))).user.login, "ada");
    const expired = await key.token({ exp: 1 }, nameless);
    const error = await assertRejects(() => verifier.verify(expired), WrongToken, "has expired");
    assertEquals(error.isGenuine, true);
  }
  const forged = await other.token({}, nameless);
  const error = await assertRejects(
    () => verifier.verify(forged),
    WrongToken,
    "signature is wrong",
  );
  assertEquals([error.isGenuine, server.asked], [false, 1]);
});
