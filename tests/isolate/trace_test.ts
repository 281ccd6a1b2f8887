import { assertEquals } from "@std/assert";
import { type HandledEvent, Tracer } from "../../lib/host/supervisor/trace.ts";
import { Event, Op } from "../../lib/wire/mod.ts";

const begun = (handle: number) => [Op.BEGUN, handle, Event.MESSAGE, 5, ""];
const took = (handle: number, ms = 1) => [Op.TOOK, handle, ms];
const send = [Op.SEND, "id", "text"];

/** What a tracer says of these batches: handle, type, sends. */
function read(...batches: unknown[][]): [number, string, number][] {
  const found: [number, string, number][] = [];
  const tracer = new Tracer((handle, { type, effects }: Omit<HandledEvent, "session">) => {
    found.push([handle, type, effects.sends]);
  });
  for (const batch of batches) tracer.read(batch);
  return found;
}

Deno.test("Tracer counts what is sent between the beginning and the end of an event", () => {
  assertEquals(
    read([Op.ACK, 1, ...begun(1), ...send, ...send, ...took(1), ...begun(2), ...took(2)]),
    [[1, "message", 2], [2, "message", 0]],
  );
});

Deno.test("Tracer follows an event from batch to batch", () => {
  assertEquals(read([...begun(1), ...send], [...send], [...took(1)]), [[1, "message", 2]]);
});

Deno.test("Tracer counts nothing that is sent outside of events", () => {
  assertEquals(read([...send], [...begun(1), ...took(1), ...send], [...begun(1), ...took(1)]), [
    [1, "message", 0],
    [1, "message", 0],
  ]);
});

Deno.test("Tracer counts for the handler that was called last, where several wait", () => {
  assertEquals(
    read([...begun(1), ...begun(2), ...send, ...took(2), ...send, ...send, ...took(1)]),
    [[2, "message", 1], [1, "message", 2]],
  );
});

Deno.test("Tracer does without what is not as the wire says", () => {
  assertEquals(read([...took(9)], ["x", ...begun(1)], [99], [null], []), []);
  assertEquals(read([Op.BEGUN, {}, "constructor", [], null], [Op.TOOK, {}, "x"]), []);
  assertEquals(read([Op.BEGUN, 1, Event.REQUEST, 5, ""], took(1)), []);
});

Deno.test("Tracer holds on to so many events under way, and no more", () => {
  const many = Array.from({ length: 20_000 }, (_, handle) => begun(handle));
  const found = read(...many, ...Array.from({ length: 20_000 }, (_, handle) => took(handle)));
  assertEquals(found.length, 20_000 - 16_384);
});
