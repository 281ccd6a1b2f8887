import { assertEquals } from "@std/assert";
import { mermaidOf } from "../../lib/host/picture/mod.ts";
import type { Flow, FlowNode } from "../../lib/model/mod.ts";

function node(name: string, more: Partial<FlowNode> = {}): FlowNode {
  const file = "/services/a/node.js";
  return { name, use: null, file, params: {}, inputs: [], outputs: [], ...more };
}

const SOCKET = node("socket", { use: "lolo/Websocket Trigger", params: { path: "/rooms/:room" } });
const MANAGER = node("manager", { use: "lolo/Connection Manager" });

function edge(from: string, to: string): Flow["edges"][number] {
  const [one, two] = [from, to].map((end) => {
    const at = end.indexOf(".");
    return { node: end.slice(0, at), port: end.slice(at + 1) };
  });
  return { from: one!, to: two! };
}

Deno.test("mermaidOf() draws flows in frames, and edges between two nodes as one", () => {
  const flows: Flow[] = [
    {
      name: "rooms",
      nodes: [SOCKET, MANAGER, node("talk")],
      edges: [
        edge("socket.req", "manager.req"),
        edge("socket.close", "manager.close"),
        edge("socket.message", "talk.in"),
        edge("talk.out", "manager.broadcast"),
      ],
    },
    { name: "other", nodes: [SOCKET], edges: [] },
  ];
  assertEquals(
    mermaidOf(flows),
    `flowchart LR
  subgraph f0 ["rooms"]
    f0n0(["socket<br>/rooms/:room"])
    f0n1[["manager<br>lolo/Connection Manager"]]
    f0n2["talk<br>node.js"]
    f0n0 -->|"req<br>close"| f0n1
    f0n0 -->|"message → in"| f0n2
    f0n2 -->|"out → broadcast"| f0n1
  end
  subgraph f1 ["other"]
    f1n0(["socket<br>/rooms/:room"])
  end`,
  );
});

Deno.test("mermaidOf() lets no name mean anything to Mermaid or HTML", () => {
  const name = `a"]<b>&\`;#35; --> |x| {é}`;
  const text = mermaidOf([{
    name,
    nodes: [node(name)],
    edges: [edge(`${name}.<i>`, `${name}.<i>`)],
  }]);
  const escaped = "a#34;#93;#60;b#62;#38;#96;#59;#35;35#59; --#62; #124;x#124; #123;é#125;";
  assertEquals(
    text,
    `flowchart LR
  subgraph f0 ["${escaped}"]
    f0n0["${escaped}<br>node.js"]
    f0n0 -->|"#60;i#62;"| f0n0
  end`,
  );
});
