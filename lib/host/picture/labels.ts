import { type Flow, type FlowNode, TRIGGER } from "../../model/mod.ts";

/** All edges from one node to another. */
export interface Arrow {
  from: string;
  to: string;
  /** Ports, one edge each: `req`, or `out → in` where they differ. */
  labels: string[];
}

/** The text below a node's name: its path, its library function, or its file. */
export function subtitleOf({ use, file, params }: FlowNode): string {
  if (use === TRIGGER) return String(params.path);
  return use ?? file?.split(/[\\/]/).at(-1) ?? "";
}

/** The edges, those between the same two nodes together. */
export function arrowsOf({ edges }: Flow): Arrow[] {
  const arrows = new Map<string, Arrow>();
  for (const { from, to } of edges) {
    const key = JSON.stringify([from.node, to.node]);
    const arrow = arrows.get(key) ?? { from: from.node, to: to.node, labels: [] };
    arrow.labels.push(from.port === to.port ? from.port : `${from.port} → ${to.port}`);
    arrows.set(key, arrow);
  }
  return [...arrows.values()];
}
