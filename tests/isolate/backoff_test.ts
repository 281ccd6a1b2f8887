import { assertEquals } from "@std/assert";
import { FakeTime } from "../helpers/fake_time.ts";
import { Backoff } from "../../lib/host/supervisor/backoff.ts";

Deno.test("Backoff doubles the wait up to its cap", () => {
  const backoff = new Backoff();
  const waits = Array.from({ length: 11 }, () => {
    backoff.started();
    return backoff.next();
  });
  assertEquals(waits, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
});

Deno.test("Backoff begins again after a minute of running", () => {
  using time = new FakeTime();
  const backoff = new Backoff();
  const crashAfter = (ms: number) => {
    backoff.started();
    time.pass(ms);
    return backoff.next();
  };
  assertEquals([crashAfter(59_999), crashAfter(59_999)], [100, 200]);
  assertEquals([crashAfter(60_000), crashAfter(1)], [100, 200]);
});

Deno.test("Backoff is hopeless after five starts in a row that failed", () => {
  const backoff = new Backoff();
  backoff.started();
  for (let failed = 0; failed < 5; failed++) {
    assertEquals(backoff.isHopeless, false);
    backoff.next();
  }
  assertEquals(backoff.isHopeless, true);
  backoff.started();
  assertEquals(backoff.isHopeless, false);
});
