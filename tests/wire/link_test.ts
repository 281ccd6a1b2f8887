import { assertEquals, assertThrows } from "@std/assert";
import { SwitchboardError } from "../../lib/base/errors.ts";
import { ANSWER_WORDS, type Boot, Op, Query } from "../../lib/wire/mod.ts";
import { Link } from "../../lib/inside/link.ts";

/** A link whose host has not woken up yet: it takes nothing and answers nothing. */
class Asleep implements Disposable {
  readonly link: Link;
  readonly #host = new MessageChannel();
  readonly #answers = new MessageChannel();

  constructor() {
    const boot: Boot = {
      service: "test",
      root: "/",
      dir: "/services/test",
      endpoints: [],
      imports: [],
      app: { name: "app", version: "0", config: {} },
      groups: { join: null, send: null },
      answerTimeoutMs: 5,
      dialTimeoutMs: 5,
      answer: new SharedArrayBuffer(ANSWER_WORDS * Int32Array.BYTES_PER_ELEMENT),
      memoryMb: 128,
      env: [],
      trusted: false,
      trace: null,
    };
    this.link = new Link(boot, this.#host.port2, this.#answers.port2);
  }

  /** What was posted, in order. */
  async posted(count: number): Promise<unknown[][]> {
    const batches: unknown[][] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#host.port1.onmessage = ({ data }) => {
      batches.push(data);
      if (batches.length === count) resolve();
    };
    await promise;
    return batches;
  }

  [Symbol.dispose](): void {
    for (const { port1, port2 } of [this.#host, this.#answers]) {
      port1.close();
      port2.close();
    }
  }
}

Deno.test("Link sends what a batch brings about as one batch that begins with its acknowledgement", async () => {
  using asleep = new Asleep();
  const { link } = asleep;
  link.beginBatch();
  link.send("id", "one");
  link.join("group", "id");
  link.done(7, 1);
  link.endBatch(42, false);
  assertEquals(await asleep.posted(1), [
    [Op.ACK, 42, Op.SEND, "id", "one", Op.JOIN, "group", "id", Op.DONE, 7, 1],
  ]);
});

Deno.test("Link sends the end of an asynchronous handler together with what the handler has sent", async () => {
  using asleep = new Asleep();
  const { link } = asleep;
  link.beginBatch();
  // deno-lint-ignore require-await
  const handler = async () => link.send("id", "answer");
  handler().then(() => link.done(7, 1));
  link.endBatch(42, true);
  assertEquals(await asleep.posted(1), [[Op.ACK, 42, Op.SEND, "id", "answer", Op.DONE, 7, 1]]);
});

Deno.test("Link sends what comes outside of a batch together, and without acknowledgement", async () => {
  using asleep = new Asleep();
  asleep.link.send("id", "one");
  asleep.link.done(7, 1);
  assertEquals(await asleep.posted(1), [[Op.SEND, "id", "one", Op.DONE, 7, 1]]);
});

Deno.test("Link acknowledges every batch, also where it must wait for the host first", async () => {
  using asleep = new Asleep();
  for (let batch = 0; batch < 20; batch++) {
    asleep.link.beginBatch();
    asleep.link.endBatch(42, false);
  }
  const batches = await asleep.posted(20);
  assertEquals(batches.map((batch) => batch[0]), Array(20).fill(Op.ACK));
  assertEquals(batches.filter((batch) => batch.includes(Op.ASK)).length, 4);
});

Deno.test("Link holds back no more than a thousand operations", async () => {
  using asleep = new Asleep();
  asleep.link.beginBatch();
  for (let count = 0; count < 1024; count++) asleep.link.leave("g", "id");
  const [batch] = await asleep.posted(1);
  assertEquals(batch!.length, 1024 * 3 + 4);
  assertEquals(batch!.slice(-4, -1), [Op.ASK, Query.BARRIER, ""]);
});

Deno.test("Link says so when the host does not answer in time", () => {
  using asleep = new Asleep();
  const error = assertThrows(() => asleep.link.groupSize("g"), SwitchboardError, "within 5 ms");
  assertEquals(error.code, "SB_TIMEOUT");
});
