/** A flow as its file describes it, once it has been checked (docs/contracts/lolo.md, section 3). */
export interface Flow {
  /** Its file's name, less `.flow.json`. */
  name: string;
  /** In the order of the file. */
  nodes: FlowNode[];
  /** In the order of the file. */
  edges: FlowEdge[];
}

/** A node of a flow: a library function or a file of the service. */
export interface FlowNode {
  /** Unique in its flow. */
  name: string;
  /** Name of the library function; null: it has a file. */
  use: string | null;
  /** Absolute path; null: it is a library function. */
  file: string | null;
  /** Its settings. */
  params: Record<string, unknown>;
  /** Names of its in-ports. */
  inputs: string[];
  /** Names of its out-ports, the default one first. */
  outputs: string[];
}

/** A connection from one node to another. */
export interface FlowEdge {
  /** An out-port. */
  from: PortRef;
  /** An in-port. */
  to: PortRef;
}

/** A port of a node; `node.port` in the file. */
export interface PortRef {
  /** Name of the node. */
  node: string;
  /** Name of the port. */
  port: string;
}
/** Where events come from: a websocket route. */
export const TRIGGER = "lolo/Websocket Trigger";

/** Keeps the connections, and sends to them. */
export const MANAGER = "lolo/Connection Manager";

/** The library functions: their ports, and the settings that they know. */
export const LIBRARY_FUNCTIONS: Readonly<
  Record<string, { inputs: string[]; outputs: string[]; params: string[] }>
> = {
  [TRIGGER]: { inputs: [], outputs: ["req", "message", "close"], params: ["path"] },
  [MANAGER]: {
    inputs: ["req", "message", "close", "broadcast"],
    outputs: ["out"],
    params: ["match"],
  },
};
