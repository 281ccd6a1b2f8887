import dagre from "@dagrejs/dagre";
import { type Flow, type FlowNode, TRIGGER } from "../../model/mod.ts";
import { type Arrow, arrowsOf, subtitleOf } from "./labels.ts";

/** Larger flows take too long to lay out for a page. */
const MAX_NODES = 40;
const MAX_ARROWS = 80;

/** Characters of a text that are shown. */
const MAX_TEXT = 32;
/** Width of a character and height of a line, px: the font is one of fixed width. */
const CHAR = 7.9;
const LINE = 18;

interface Point {
  x: number;
  y: number;
}

const drawings = new WeakMap<Flow, string | null>();

/** A flow as SVG, in the colors of the page that it is put in; null: it is too large to be drawn. */
export function drawingOf(flow: Flow): string | null {
  const known = drawings.get(flow);
  if (known !== undefined) return known;
  const arrows = arrowsOf(flow);
  const isSmall = flow.nodes.length <= MAX_NODES && arrows.length <= MAX_ARROWS;
  const drawing = isSmall ? draw(flow, arrows) : null;
  drawings.set(flow, drawing);
  return drawing;
}

function draw(flow: Flow, arrows: readonly Arrow[]): string {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 28, ranksep: 40, marginx: 8, marginy: 8 });
  for (const node of flow.nodes) {
    graph.setNode(node.name, { ...sizeOf(linesOf(node), 28), height: 52 });
  }
  for (const { from, to, labels } of arrows) {
    graph.setEdge(from, to, { ...sizeOf(labels.map(cut), 10), labelpos: "c" });
  }
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const parts = [
    ...arrows.map(({ from, to }) => linkOf(graph.edge(from, to).points)),
    ...arrows.map((arrow) => labelsOf(arrow, graph.edge(arrow.from, arrow.to))),
    ...flow.nodes.map((node) => nodeOf(node, graph.node(node.name))),
  ];
  // It shrinks a little to fit before it has to be scrolled.
  const style = `width:100%;max-width:${round(width)}px;min-width:${round(0.72 * width)}px`;
  return `<svg role="img" aria-label="${escape(described(flow, arrows))}" style="${style}" ` +
    `viewBox="0 0 ${round(width)} ${round(height)}">${parts.join("")}</svg>`;
}

function nodeOf(
  node: FlowNode,
  { x, y, width, height }: Point & { width: number; height: number },
) {
  const kind = node.use === TRIGGER ? "trigger" : node.use === null ? "file" : "library";
  const radius = kind === "trigger" ? height / 2 : 10;
  const [name, subtitle] = linesOf(node);
  return `<g class="${kind}"><rect x="${round(x - width / 2)}" y="${round(y - height / 2)}" ` +
    `width="${round(width)}" height="${height}" rx="${radius}"/>` +
    `<text x="${round(x)}" y="${round(y - 4)}" class="name">${escape(name!)}</text>` +
    `<text x="${round(x)}" y="${round(y + 14)}">${escape(subtitle!)}</text></g>`;
}

function linkOf(points: readonly Point[]): string {
  return `<g class="edge"><path d="${curve(points)}"/><path class="head" d="${
    headOf(points)
  }"/></g>`;
}

/** The texts of an edge, on a ground that hides the edges behind them, between their words too. */
function labelsOf({ labels }: Arrow, { x = 0, y = 0 }: { x?: number; y?: number }): string {
  const { width, height } = sizeOf(labels.map(cut), 6);
  const top = y - (labels.length - 1) * LINE / 2 + 4;
  const texts = labels.map((label, index) =>
    `<text x="${round(x)}" y="${round(top + index * LINE)}">${escape(cut(label))}</text>`
  );
  return `<g class="label"><rect x="${round(x - width / 2)}" y="${round(y - height / 2)}" ` +
    `width="${round(width)}" height="${height}"/>${texts.join("")}</g>`;
}

/** A line through the middles between the points, with each point pulling at it. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const at = ({ x, y }: Point) => `${round(x)} ${round(y)}`;
  const parts = rest.map((point, index) => {
    const next = rest[index + 1];
    if (next === undefined) return `L${at(point)}`;
    return `Q${at(point)} ${at({ x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`;
  });
  return `M${at(first!)}${parts.join("")}`;
}

/** The head of the arrow at the end of a line. */
function headOf(points: readonly Point[]): string {
  const [end, before] = [points.at(-1)!, points.at(-2)!];
  const angle = Math.atan2(end.y - before.y, end.x - before.x);
  const corner = (turn: number) =>
    `${round(end.x - 9 * Math.cos(angle + turn))} ${round(end.y - 9 * Math.sin(angle + turn))}`;
  return `M${round(end.x)} ${round(end.y)}L${corner(0.45)}L${corner(-0.45)}z`;
}

function linesOf(node: FlowNode): string[] {
  return [cut(node.name), cut(subtitleOf(node))];
}

function sizeOf(lines: readonly string[], padding: number): { width: number; height: number } {
  const longest = Math.max(...lines.map((line) => line.length));
  return { width: longest * CHAR + padding, height: lines.length * LINE };
}

/** The description for readers who cannot see the drawing. */
function described({ name, nodes }: Flow, arrows: readonly Arrow[]): string {
  const ways = arrows.map(({ from, to, labels }) => `${from} to ${to} (${labels.join(", ")})`);
  return `Flow ${name}: ${nodes.map(({ name }) => name).join(", ")}. ${ways.join("; ")}`;
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
