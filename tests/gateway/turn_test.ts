import { assert, assertEquals } from "@std/assert";
import { frameOf } from "../../lib/host/gateway/frame.ts";
import { Sequence } from "../../lib/host/gateway/sequence.ts";
import { Turn, type Writer } from "../../lib/host/gateway/turn.ts";

/** Writes down each write. */
class Recorder implements Writer {
  readonly writes: (readonly Uint8Array[])[] = [];

  write(chunks: readonly Uint8Array[]): void {
    this.writes.push(chunks);
  }
}

/** The messages in what was written at once. */
function messages(chunks: readonly Uint8Array[]): string[] {
  return chunks.flatMap(messagesOf);
}

function messagesOf(bytes: Uint8Array): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    let length = bytes[at + 1]!;
    let head = 2;
    if (length === 126) [length, head] = [view.getUint16(at + 2), 4];
    else if (length === 127) [length, head] = [Number(view.getBigUint64(at + 2)), 10];
    found.push(new TextDecoder().decode(bytes.subarray(at + head, at + head + length)));
    at += head + length;
  }
  return found;
}

Deno.test("frameOf() makes one whole frame without a mask, whatever the length", () => {
  for (const length of [0, 1, 125, 126, 127, 65535, 65536, 100_000]) {
    const text = "x".repeat(length);
    const frame = frameOf(text);
    assertEquals(frame[0], 0x81);
    assertEquals(frame.length - length, length < 126 ? 2 : length < 65536 ? 4 : 10);
    assertEquals(messagesOf(frame), [text]);
    assertEquals(frameOf(new Uint8Array(length))[0], 0x82);
  }
  assertEquals([...frameOf("é")], [0x81, 2, 0xc3, 0xa9]);
});

Deno.test("the messages of a turn go out with one write per socket, in order, at its end", async () => {
  const turn = new Turn(frameOf);
  const [one, two] = [new Recorder(), new Recorder()];
  turn.send(one, "a");
  turn.send(two, "a");
  turn.send(one, "b");
  turn.send(two, new Uint8Array([99]));
  turn.send(one, "d".repeat(70_000));
  assertEquals([one.writes.length, turn.waiting(one), turn.waiting(two)], [0, 70_016, 6]);
  await Promise.resolve();
  assertEquals(one.writes.map(messages), [["a", "b", "d".repeat(70_000)]]);
  assertEquals(two.writes.map(messages), [["a", "c"]]);
  assertEquals([turn.waiting(one), turn.waiting(two)], [0, 0]);
  turn.send(one, "next turn");
  await Promise.resolve();
  assertEquals(one.writes.length, 2);
});

Deno.test("sockets that get the same frames in the same order share the bytes", async () => {
  const turn = new Turn(frameOf);
  const members = Array.from({ length: 1000 }, () => new Recorder());
  const other = new Recorder();
  turn.send(other, "only for one");
  for (const text of ["first", "second", "third"]) {
    for (const member of members) turn.send(member, text);
    turn.send(other, text);
  }
  await Promise.resolve();
  const [chunks] = members[0]!.writes;
  for (const { writes } of members) assert(writes.length === 1 && writes[0] === chunks);
  assertEquals(chunks!.map(messagesOf), [["first", "second", "third"]]);
  assertEquals(messages(other.writes[0]!), ["only for one", "first", "second", "third"]);
});

/** The first character of each message, by chunk. */
function initials(chunks: readonly Uint8Array[]): string[] {
  return chunks.map((chunk) => messagesOf(chunk).map((text) => text[0]).join(""));
}

Deno.test("a frame of 1 KiB is not copied for each that is sent others too", async () => {
  const turn = new Turn(frameOf);
  const members = Array.from({ length: 100 }, () => new Recorder());
  members.forEach((member, index) => turn.send(member, `own ${index}`));
  for (const text of ["a", "b".repeat(1024), "c".repeat(1_000_000), "d", "e"]) {
    for (const member of members) turn.send(member, text);
  }
  await Promise.resolve();
  const [shared] = members[0]!.writes;
  for (const { writes: [chunks, ...others] } of members) {
    assertEquals([initials(chunks!), others.length], [["oa", "b", "c", "de"], 0]);
    assert(chunks![1] === shared![1] && chunks![2] === shared![2]);
  }
});

Deno.test("only large frames to many sockets are not joined", async () => {
  const turn = new Turn(frameOf);
  const members = Array.from({ length: 100 }, () => new Recorder());
  for (const text of ["a", "b".repeat(16_000), "c".repeat(16_384), "d", "e"]) {
    for (const member of members) turn.send(member, text);
  }
  await Promise.resolve();
  const [shared] = members[0]!.writes;
  assertEquals(initials(shared!), ["ab", "c", "de"]);
  for (const { writes } of members) assert(writes.length === 1 && writes[0] === shared);
});

Deno.test("groups that overlap, and answers between them, come as they were sent", async () => {
  const turn = new Turn(frameOf);
  const members = Array.from({ length: 50 }, () => new Recorder());
  const expected: string[][] = members.map(() => []);
  // The same for every run: members of two groups, and one now and then.
  for (let n = 0; n < 300; n++) {
    const text = `message ${n % 7}`;
    members.forEach((member, index) => {
      const isMeant = n % 3 === 0
        ? index % 2 === 0
        : n % 3 === 1
        ? index % 3 === 0
        : index === n % 50;
      if (!isMeant) return;
      turn.send(member, text);
      expected[index]!.push(text);
    });
  }
  await Promise.resolve();
  members.forEach(({ writes }, index) => assertEquals(messages(writes[0]!), expected[index]));
});

Deno.test("a flush goes out at once, and later messages follow it", async () => {
  const turn = new Turn(frameOf);
  const one = new Recorder();
  turn.send(one, "a");
  turn.flush(one);
  assertEquals(one.writes.map(messages), [["a"]]);
  turn.flush(one);
  turn.send(one, "b");
  await Promise.resolve();
  assertEquals(one.writes.map(messages), [["a"], ["b"]]);
});

Deno.test("a turn that has ended keeps no messages", async () => {
  let made = new WeakRef(new Uint8Array());
  const turn = new Turn((message) => {
    const frame = frameOf(message);
    made = new WeakRef(frame);
    return frame;
  });
  turn.send({ write() {} }, "a");
  // Garbage, until it is collected; in a task of its own, for a look at a reference keeps it for its task.
  for (let n = 0; n < 100 && made.deref() !== undefined; n++) {
    await new Promise((resolve) => setTimeout(resolve));
    for (let m = 0; m < 10; m++) new Uint8Array(10_000_000);
    await new Promise((resolve) => setTimeout(resolve));
  }
  assertEquals(made.deref(), undefined);
});

Deno.test("a sequence of one frame is that frame, and none is nothing", () => {
  const frame = frameOf("a");
  const { chunks } = Sequence.empty().with(frame);
  assert(chunks[0] === frame && chunks.length === 1);
  assertEquals([Sequence.empty().length, Sequence.empty().chunks.length], [0, 0]);
});
