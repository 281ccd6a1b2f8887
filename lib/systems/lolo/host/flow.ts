import { join, relative, SEPARATOR } from "@std/path";
import { messageOf } from "../../../base/errors.ts";
import { RESERVED_PATHS } from "../../../base/reserved_paths.ts";
import { RoutePattern } from "../../../base/route_pattern.ts";
import type { Flow, FlowEdge, FlowNode, PortRef } from "../../../model/mod.ts";
import { LIBRARY_FUNCTIONS, MANAGER, TRIGGER } from "../../../model/flow.ts";
import { isFile } from "../../../base/files.ts";
import { looseCycle } from "./loose_cycle.ts";
import { nearest } from "../../../base/nearest.ts";

/** A `*.flow.json` file (docs/contracts/lolo.md, section 3). */
export interface FlowFile {
  nodes: Record<string, NodeEntry>;
  edges: [string, string][];
}

interface NodeEntry {
  use?: string;
  file?: string;
  params?: Record<string, unknown>;
  inputs?: string[];
  outputs?: string[];
}

/** The default out-port of a node that does not list its own. */
const OUT = "out";

/** Parameters that a connection manager can match by: each subset of them is a group. */
const MAX_MATCH = 4;

/** Reads the graph of a flow, and notes all that is wrong with it. */
export class FlowReader {
  /** The problems found, one text each. */
  readonly problems: string[] = [];
  readonly #nodes = new Map<string, FlowNode>();
  /** Lists of ports that their edges make; the others are checked. */
  readonly #open = new Set<string[]>();

  /**
   * @param root The root that is served.
   * @param dir The service's folder.
   */
  constructor(private readonly root: string, private readonly dir: string) {}

  /** The graph; of use only if there are no {@linkcode problems}. */
  read(name: string, file: FlowFile): Flow {
    for (const [node, entry] of Object.entries(file.nodes)) {
      this.#nodes.set(node, this.#node(node, entry));
    }
    const edges = this.#edges(file.edges);
    const nodes = [...this.#nodes.values()];
    for (const { outputs } of nodes.filter(({ outputs }) => this.#open.has(outputs))) {
      // The default one comes first.
      const at = outputs.indexOf(OUT);
      if (at > 0) outputs.unshift(...outputs.splice(at, 1));
    }
    if (!nodes.some(({ use }) => use === TRIGGER)) {
      this.problems.push(`no node uses "${TRIGGER}": the flow would never get an event`);
    }
    this.#checkManagers(nodes);
    const cycle = looseCycle(nodes, edges);
    if (cycle !== null) {
      this.problems.push(
        `no trigger leads to the cycle of the edges ${cycle.map(shown).join(", ")}`,
      );
    }
    return { name, nodes, edges };
  }

  /** Each selection of the parameters is a group: they must not be many. */
  #checkManagers(nodes: readonly FlowNode[]): void {
    const long = nodes.find(({ use, params: { path } }) =>
      use === TRIGGER && String(path).split(":").length - 1 > MAX_MATCH
    );
    if (long === undefined) return;
    for (const { name } of nodes.filter(({ use, params }) => use === MANAGER && !params.match)) {
      this.problems.push(
        `node "${name}": list the parameters to match by in "params.match", ` +
          `for "${long.params.path}" has more than ${MAX_MATCH}`,
      );
    }
  }

  #node(name: string, entry: NodeEntry): FlowNode {
    const problem = (text: string) => this.problems.push(`node "${name}": ${text}`);
    const { use = null, params = {}, inputs = [], outputs = [] } = entry;
    const node: FlowNode = { name, use, file: null, params, inputs, outputs };
    if (!/^[^.\p{C}]{1,128}$/u.test(name)) {
      problem("a name has 1 to 128 characters, and no dot");
    }
    if (entry.inputs === undefined) this.#open.add(inputs);
    if (entry.outputs === undefined) this.#open.add(outputs);
    if ((entry.use === undefined) === (entry.file === undefined)) {
      problem('expected either "use", a library function, or "file", a module');
    } else if (use !== null) {
      this.#library(node, use, entry, problem);
    } else {
      node.file = this.#file(entry.file!, problem);
    }
    return node;
  }

  #library(
    node: FlowNode,
    use: string,
    entry: NodeEntry,
    problem: (text: string) => void,
  ): void {
    const known = Object.hasOwn(LIBRARY_FUNCTIONS, use) ? LIBRARY_FUNCTIONS[use]! : null;
    if (known === null) {
      const names = Object.keys(LIBRARY_FUNCTIONS);
      return problem(`there is no library function "${use}"${hint(use, names)}`);
    }
    if (entry.inputs !== undefined || entry.outputs !== undefined) {
      problem("the ports of a library function are its own");
    }
    node.inputs = known.inputs;
    node.outputs = known.outputs;
    for (const name of Object.keys(node.params)) {
      if (!known.params.includes(name)) {
        problem(`"params.${name}" is not a setting of "${use}"${hint(name, known.params)}`);
      }
    }
    if (use === TRIGGER) checkPath(node.params.path, problem);
    else checkMatch(node.params.match, problem);
  }

  #file(file: string, problem: (text: string) => void): string | null {
    const path = join(this.dir, file);
    const isInside = [this.dir, join(this.root, "lib")].some((folder) =>
      path.startsWith(folder + SEPARATOR)
    );
    if (!isInside || /[\\\0]/.test(file) || file.startsWith("/")) {
      problem(
        `"file" must name a module of the service or of lib/, as in "./node.js", got "${file}"`,
      );
    } else if (!/\.(js|ts|mjs|cjs)$/.test(path)) {
      problem(`"file" must end in .js, .ts, .mjs or .cjs, got "${file}"`);
    } else if (!isFile(path)) {
      problem(`there is no file ${relative(this.root, path)}`);
    } else {
      return path;
    }
    return null;
  }

  #edges(pairs: [string, string][]): FlowEdge[] {
    const seen = new Set<string>();
    const edges: FlowEdge[] = [];
    for (const [from, to] of pairs) {
      const pair = shown([from, to]);
      const problem = (text: string) => void this.problems.push(`edge ${pair}: ${text}`);
      if (seen.has(pair)) problem("it occurs twice");
      seen.add(pair);
      const source = this.#port(from, "outputs", problem);
      const target = this.#port(to, "inputs", problem);
      if (source !== null && target !== null) edges.push({ from: source, to: target });
    }
    return edges;
  }

  #port(
    text: string,
    side: "inputs" | "outputs",
    problem: (text: string) => void,
  ): PortRef | null {
    const at = text.indexOf(".");
    const [name, port] = [text.slice(0, at), text.slice(at + 1)];
    if (at < 1 || !/^[^\p{C}]{1,128}$/u.test(port)) {
      problem(`expected "node.port", got "${text}"`);
      return null;
    }
    const node = this.#nodes.get(name);
    if (node === undefined) {
      problem(`there is no node "${name}"${hint(name, [...this.#nodes.keys()])}`);
      return null;
    }
    const ports = node[side];
    if (ports.includes(port)) return { node: name, port };
    if (this.#open.has(ports)) {
      ports.push(port);
      return { node: name, port };
    }
    const what = side === "inputs" ? "in-port" : "out-port";
    problem(
      ports.length === 0
        ? `node "${name}" has no ${what}s`
        : `node "${name}" has no ${what} "${port}"${hint(port, ports)}`,
    );
    return null;
  }
}

function checkPath(path: unknown, problem: (text: string) => void): void {
  if (typeof path !== "string") {
    const got = path === undefined ? "nothing" : JSON.stringify(path);
    return problem(`"params.path" must be a path such as "/rooms/:room", got ${got}`);
  }
  try {
    new RoutePattern(path);
  } catch (error) {
    return problem(`"${path}" is not a path: ${messageOf(error)}`);
  }
  const first = path.split("/")[1]!;
  if (RESERVED_PATHS.includes(first)) {
    problem(`"${path}" is not a path: /${first} is the server's own`);
  }
}

function checkMatch(match: unknown, problem: (text: string) => void): void {
  if (match === undefined) return;
  const isList = Array.isArray(match) && match.length <= MAX_MATCH &&
    match.every((name) => typeof name === "string");
  if (!isList) {
    problem(
      `"params.match" must list ${MAX_MATCH} names of parameters at the most, got ${
        JSON.stringify(match)
      }`,
    );
  }
}

/** An edge as the file has it. */
function shown(edge: FlowEdge | [string, string]): string {
  const [from, to] = Array.isArray(edge)
    ? edge
    : [`${edge.from.node}.${edge.from.port}`, `${edge.to.node}.${edge.to.port}`];
  return `[${JSON.stringify(from)}, ${JSON.stringify(to)}]`;
}

function hint(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === null ? `, expected one of ${known.join(", ")}` : `, did you mean "${near}"?`;
}
