import { assert, assertEquals, assertMatch } from "@std/assert";
import sax from "sax";
import { drawingOf } from "../../lib/host/picture/mod.ts";
import type { Flow } from "../../lib/model/mod.ts";

function flowOf(names: string[], edges: [string, string][], port = "in"): Flow {
  return {
    name: "flow",
    nodes: names.map((name) => ({
      name,
      use: null,
      file: `/a/${name}.js`,
      params: {},
      inputs: [],
      outputs: [],
    })),
    edges: edges.map(([from, to]) => ({ from: { node: from, port }, to: { node: to, port } })),
  };
}

/** Texts and elements of what must be well-formed. */
function parsed(svg: string): { texts: string[]; names: string[] } {
  const parser = sax.parser(true);
  const texts: string[] = [];
  const names: string[] = [];
  parser.ontext = (text: string) => texts.push(text);
  parser.onopentag = ({ name }: { name: string }) => names.push(name);
  parser.onerror = (error: Error) => {
    throw error;
  };
  parser.write(svg).close();
  return { texts, names };
}

Deno.test("drawingOf() shows every node and every edge, and says in words what leads where", () => {
  const svg = drawingOf(flowOf(["a", "b", "c"], [["a", "b"], ["b", "a"], ["c", "c"], ["a", "c"]]))!;
  const { texts, names } = parsed(svg);
  // One a node, and one behind the texts of each edge.
  assertEquals(names.filter((name) => name === "rect").length, 3 + 4);
  assertEquals(names.filter((name) => name === "path").length, 8);
  assertEquals(texts.filter((text) => text === "in").length, 4);
  assertEquals(["a", "a.js", "b", "b.js", "c", "c.js"].filter((text) => !texts.includes(text)), []);
  assertMatch(
    svg,
    /aria-label="Flow flow: a, b, c\. a to b \(in\); b to a \(in\); c to c \(in\); a to c/,
  );
  assert(!/NaN|undefined|Infinity/.test(svg));
});

Deno.test("drawingOf() lets no edge run through a text: what hides it is as large, and comes after all edges", () => {
  const svg = drawingOf(flowOf(["a", "b"], [["a", "b"], ["b", "a"]], "two words"))!;
  const labels = [...svg.matchAll(
    /<g class="label"><rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"\/><text x="([\d.]+)" y="([\d.]+)">two words</g,
  )].map(([, ...numbers]) => numbers.map(Number));
  assertEquals(labels.length, 2);
  for (const [x, y, width, height, middle, baseline] of labels) {
    assert(Math.abs(x! + width! / 2 - middle!) < 0.2);
    assert(width! > "two words".length * 7);
    assert(y! < baseline! - 9 && baseline! < y! + height!);
  }
  assert(svg.lastIndexOf("<path") < svg.indexOf('class="label"'));
});

Deno.test("drawingOf() lets no name be markup, and cuts a long one", () => {
  const name = `<script>alert("1")</script>&'`;
  const long = "n".repeat(128);
  const svg = drawingOf(flowOf([name, long], [[name, long]], `<img src=x onerror="1">`))!;
  const { texts, names } = parsed(svg);
  assertEquals(new Set(names), new Set(["svg", "g", "path", "rect", "text"]));
  assert(texts.includes(name), texts.join());
  assert(texts.includes(`${"n".repeat(31)}…`), texts.join());
});

Deno.test("drawingOf() draws nothing that would take long, and nothing twice", () => {
  const names = Array.from({ length: 41 }, (_, index) => `n${index}`);
  assertEquals(drawingOf(flowOf(names, [])), null);
  const few = names.slice(0, 20);
  const many = few.flatMap((from) => few.map((to): [string, string] => [from, to]));
  assertEquals(drawingOf(flowOf(few, many.slice(0, 81))), null);
  const flow = flowOf(few, many.slice(0, 80));
  const drawing = drawingOf(flow);
  assertEquals(typeof drawing, "string");
  assert(drawingOf(flow) === drawing);
});
