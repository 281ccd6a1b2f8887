import { type Flow, type FlowNode, TRIGGER } from "../../model/mod.ts";
import { arrowsOf, subtitleOf } from "./labels.ts";

/** Flows as one Mermaid flowchart, each in a frame of its own. */
export function mermaidOf(flows: readonly Flow[]): string {
  return ["flowchart LR", ...flows.flatMap(frameOf)].join("\n");
}

function frameOf(flow: Flow, number: number): string[] {
  const ids = new Map(flow.nodes.map(({ name }, index) => [name, `f${number}n${index}`]));
  return [
    `  subgraph f${number} ["${text(flow.name)}"]`,
    ...flow.nodes.map((node) => `    ${ids.get(node.name)}${shapeOf(node)}`),
    ...arrowsOf(flow).map(({ from, to, labels }) =>
      `    ${ids.get(from)} -->|"${labels.map(text).join("<br>")}"| ${ids.get(to)}`
    ),
    "  end",
  ];
}

function shapeOf(node: FlowNode): string {
  const label = `"${text(node.name)}<br>${text(subtitleOf(node))}"`;
  if (node.use === TRIGGER) return `([${label}])`;
  return node.use === null ? `[${label}]` : `[[${label}]]`;
}

/** Characters that mean something to Mermaid or HTML are written as their numbers. */
function text(value: string): string {
  return value.replace(/[^\p{L}\p{N} _.,/:→-]/gu, (char) => `#${char.codePointAt(0)};`);
}
