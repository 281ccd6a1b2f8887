import { assertEquals } from "@std/assert";
import { Interned } from "../lib/interned.ts";

Deno.test("Interned gives back what it is given, however much there was", () => {
  const texts = new Interned();
  const given = Array.from({ length: 3_000 }, (_, index) => [
    `text ${index % 1_500}`,
    "x".repeat(index),
    "{}",
  ]).flat();
  assertEquals(given.map((text) => texts.of(text)), given);
});
