/** A flow file with one trigger, `socket`, and these nodes; each is a file's path, or what the file says. */
export function flow(
  path: string,
  nodes: Record<string, unknown>,
  edges: [string, string][],
): Record<string, unknown> {
  const entries = Object.entries(nodes).map(([name, node]) => [
    name,
    typeof node === "string" ? { file: node } : node,
  ]);
  return {
    nodes: {
      socket: { use: "lolo/Websocket Trigger", params: { path } },
      ...Object.fromEntries(entries),
    },
    edges,
  };
}

/** Edges from all three ports of `socket` to ports of the same name. */
export function allTo(node: string): [string, string][] {
  return ["req", "message", "close"].map((port) => [`socket.${port}`, `${node}.${port}`]);
}
