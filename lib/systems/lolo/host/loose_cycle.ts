import type { FlowEdge, FlowNode } from "../../../model/mod.ts";
import { TRIGGER } from "../../../model/flow.ts";

/** Edges of a cycle that no trigger leads to; null: there is none. Nothing could ever come into it. */
export function looseCycle(
  nodes: readonly FlowNode[],
  edges: readonly FlowEdge[],
): FlowEdge[] | null {
  const leaving = Map.groupBy(edges, ({ from }) => from.node);
  const done = new Set<string>();
  const reach = (start: string): void => {
    const waiting = [start];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (done.has(name)) continue;
      done.add(name);
      waiting.push(...(leaving.get(name) ?? []).map(({ to }) => to.node));
    }
  };
  for (const { name, use } of nodes) if (use === TRIGGER) reach(name);
  for (const { name } of nodes) {
    const cycle = cycleFrom(name, leaving, done);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** Follows the edges until it comes to where it has been; without recursion, for a path may be long. */
function cycleFrom(
  start: string,
  leaving: ReadonlyMap<string, FlowEdge[]>,
  done: Set<string>,
): FlowEdge[] | null {
  if (done.has(start)) return null;
  const path: { node: string; edges: FlowEdge[]; next: number }[] = [];
  const enter = (node: string) => path.push({ node, edges: leaving.get(node) ?? [], next: 0 });
  enter(start);
  for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
    const edge = last.edges[last.next++];
    if (edge === undefined) {
      done.add(last.node);
      path.pop();
      continue;
    }
    const begin = path.findIndex(({ node }) => node === edge.to.node);
    if (begin >= 0) return path.slice(begin).map(({ edges, next }) => edges[next - 1]!);
    if (!done.has(edge.to.node)) enter(edge.to.node);
  }
  return null;
}
