import { explain } from "../../../inside/explain.ts";
import type { Flow, FlowEdge } from "../../../model/mod.ts";
import type { Link } from "../../../inside/link.ts";
import type { Loader } from "../../../inside/endpoint.ts";
import { MANAGER } from "../../../model/flow.ts";
import type { Connection } from "./connection.ts";
import { connectionManager } from "./connection_manager.ts";
import { Node } from "./node.ts";
import { type Graph, Run } from "./run.ts";
import type { Functions } from "./types.ts";

/** The library functions that handle events; a trigger has none to handle. */
const LIBRARY: Record<string, Functions> = { [MANAGER]: connectionManager };

type Helper = (...values: unknown[]) => unknown;

/** A running flow: its nodes, loaded and set up, and their edges. */
export class RunningFlow implements Graph {
  readonly helpers: Record<string, Helper> = {};
  readonly #nodes = new Map<string, Node>();
  readonly #targets = new Map<string, { node: Node; input: string }[]>();

  private constructor(readonly flow: Flow, readonly link: Link) {}

  /**
   * Loads the nodes, then sets them up, both in the order of the file.
   *
   * @throws {Error} What a node throws meanwhile; if edges lead to one that has no handler.
   */
  static async start(flow: Flow, loader: Loader, link: Link): Promise<RunningFlow> {
    const running = new RunningFlow(flow, link);
    const env = environment(link.boot.env);
    for (const source of flow.nodes) {
      const where = `flow "${flow.name}", node "${source.name}"`;
      const functions = await within(
        where,
        async () =>
          source.file === null
            ? LIBRARY[source.use!] ?? {}
            : functionsOf(await loader.load(source.file)),
      );
      running.#nodes.set(source.name, new Node(flow.name, source, functions, env, link));
    }
    for (const edge of flow.edges) running.#connect(edge);
    for (const node of running.#nodes.values()) await running.#setUp(node);
    return running;
  }

  targets(node: string, output: string): readonly { node: Node; input: string }[] {
    return this.#targets.get(key(node, output)) ?? [];
  }

  /** Sends an event of a connection through; resolves when all nodes are through with it. */
  send(connection: Connection, output: string, event: unknown): Promise<void> | void {
    return new Run(this, connection).start(connection.trigger, output, event);
  }

  #connect({ from, to }: FlowEdge): void {
    const node = this.#nodes.get(to.node)!;
    if (node.functions.handler === undefined) {
      throw new TypeError(
        `${node.shown}: it exports no handler, and the edge ` +
          `["${from.node}.${from.port}", "${to.node}.${to.port}"] leads to it`,
      );
    }
    const place = key(from.node, from.port);
    this.#targets.set(place, [...this.#targets.get(place) ?? [], { node, input: to.port }]);
  }

  async #setUp(node: Node): Promise<void> {
    const { setup } = node.functions;
    if (setup === undefined) return;
    const context = new Run(this, null).contextOf(node);
    const addHelper = (name: string, callback: Helper) => this.#addHelper(name, callback, context);
    await within(`setup of ${node.shown}`, () => setup({ ...context, addHelper }));
  }

  #addHelper(name: string, callback: Helper, context: object): void {
    if (typeof name !== "string" || name === "" || typeof callback !== "function") {
      throw new TypeError("addHelper() takes a name and a function");
    }
    if (Object.hasOwn(this.helpers, name) || Object.hasOwn(context, name) || name === "addHelper") {
      throw new TypeError(`Every context has a "${name}" already`);
    }
    this.helpers[name] = callback;
  }
}

/** A node's functions: CommonJS exports, or those of an ES module. */
function functionsOf(exports: Record<string, unknown>): Functions {
  const own = exports.default as Record<string, unknown> | undefined;
  const find = (name: string) => {
    const value = exports[name] ?? own?.[name];
    return typeof value === "function"
      ? value as Functions["handler"] & Functions["setup"]
      : undefined;
  };
  return { setup: find("setup"), handler: find("handler") };
}

/** The variables that the service may read. */
function environment(names: string[] | true): Record<string, string> {
  if (names === true) return Object.freeze(Deno.env.toObject());
  const set = names.map((name) => [name, Deno.env.get(name)] as const)
    .filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.freeze(Object.fromEntries(set));
}

/** Adds the node's name to an error; its stack stays that of the failure. */
async function within<T>(where: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    const error = new Error(`${where}: ${explain(cause)}`, { cause });
    if (cause instanceof Error && cause.stack !== undefined) error.stack = cause.stack;
    throw error;
  }
}

function key(node: string, port: string): string {
  return `${node}.${port}`;
}
