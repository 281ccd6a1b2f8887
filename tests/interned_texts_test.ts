import { assertEquals } from "@std/assert";
import { InternedTexts } from "../lib/base/interned_texts.ts";

Deno.test("InternedTexts gives back what it is given, however much there was", () => {
  const texts = new InternedTexts();
  const given = Array.from({ length: 3_000 }, (_, index) => [
    `text ${index % 1_500}`,
    "x".repeat(index),
    "{}",
  ]).flat();
  assertEquals(given.map((text) => texts.intern(text)), given);
});
