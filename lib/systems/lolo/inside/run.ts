import type { Link } from "../../../inside/link.ts";
import type { Connection } from "./connection.ts";
import type { Node } from "./node.ts";
import { Signals } from "./signals.ts";
import type { Context } from "./types.ts";

/** Edges that an event may follow one after the other. */
const MAX_STEPS = 1024;
/** Nodes that an event may be on its way to at a time. */
const MAX_UNDERWAY = 16_384;
/** How long `once` waits if it is not told, ms (docs/contracts/lolo.md, section 1). */
const ONCE_TIMEOUT_MS = 30_000;

/** An event on its way to a node. */
interface Step {
  node: Node;
  input: string;
  event: unknown;
  /** Where it comes from; null: the trigger. */
  from: Step | null;
  count: number;
}

/** The parts of a flow that a run needs. */
export interface Graph {
  /** The nodes that an out-port leads to, in the order of the edges. */
  targets(node: string, output: string): readonly { node: Node; input: string }[];
  /** The part of a context that is the same for all nodes. */
  readonly helpers: Readonly<Record<string, (...values: unknown[]) => unknown>>;
  readonly link: Link;
}

/**
 * The way of one event through a flow. Nodes are called one after the other, never within each other, so that
 * a long way needs no deep stack; one that returns a promise keeps no other from being called.
 */
export class Run {
  #steps: Step[] = [];
  #isCalling = false;
  /** Nodes that have returned a promise. */
  #busy = 0;
  #through: () => void = () => {};
  #isStopped = false;
  /** Whether the event is done: a node that passes it on later starts a new event. */
  #isThrough = false;

  /** @param connection The connection that gets a `response`; null: none. */
  constructor(
    private readonly graph: Graph,
    private readonly connection: Connection | null,
    private readonly signals = new Signals(),
  ) {}

  /** Sends an event out of a trigger; resolves when all nodes are through with it, nothing returned: at once. */
  start(trigger: string, output: string, event: unknown): Promise<void> | void {
    this.#send(trigger, output, event, null);
    if (this.#busy > 0) return new Promise((resolve) => this.#through = resolve);
    this.#isThrough = true;
  }

  /** The context of a node outside of any step, for its `setup`. */
  contextOf(node: Node): Context {
    this.#isThrough = true;
    return this.#context(node, undefined, null);
  }

  #context(node: Node, input: string | undefined, step: Step | null): Context {
    return {
      ...node.context,
      ...this.graph.helpers,
      input,
      route: (event, output) => this.#route(node, event, output, step),
      once: (signal, callback, timeoutMs = ONCE_TIMEOUT_MS) => {
        if (typeof callback !== "function") {
          throw new TypeError(`once() needs a function to call, got ${typeof callback}`);
        }
        const call = (values: unknown[]) => this.#call(node, () => callback(...values));
        this.signals.once(String(signal), call, timeoutMs);
      },
      emit: (signal, ...values) => {
        if (signal === "response") this.connection?.respond(values[0]);
        this.signals.emit(String(signal), values);
      },
    };
  }

  #route(node: Node, event: unknown, output: string | undefined, step: Step | null): void {
    const { outputs } = node.source;
    const port = output ?? outputs[0];
    // A node without edges has nowhere to send to: as where an out-port is not connected.
    if (port === undefined) return;
    if (!outputs.includes(port)) {
      throw new RangeError(
        `There is no out-port "${port}", expected one of ${outputs.join(", ") || "none"}: ` +
          `list it in the node's "outputs" if it may lead nowhere`,
      );
    }
    const run = this.#isThrough ? new Run(this.graph, this.connection, this.signals) : this;
    run.#send(node.name, port, event, step);
  }

  #send(node: string, output: string, event: unknown, from: Step | null): void {
    const count = (from?.count ?? 0) + 1;
    for (const target of this.graph.targets(node, output)) {
      if (this.#isStopped) return;
      const step: Step = { ...target, event, from, count };
      if (count > MAX_STEPS) return this.#stop(step, `has gone ${MAX_STEPS} steps`);
      if (this.#steps.length + this.#busy >= MAX_UNDERWAY) {
        return this.#stop(step, `is on its way to ${MAX_UNDERWAY} nodes at a time`);
      }
      this.#steps.push(step);
    }
    if (!this.#isCalling) this.#callAll();
  }

  #callAll(): void {
    this.#isCalling = true;
    for (let step = this.#steps.shift(); step !== undefined; step = this.#steps.shift()) {
      const { node, input, event } = step;
      const { handler } = node.functions;
      const context = this.#context(node, input, step);
      if (handler !== undefined) this.#call(node, () => handler(event, context));
    }
    this.#isCalling = false;
  }

  /** Calls a function of a node. What it throws is logged and changes nothing. */
  #call(node: Node, run: () => unknown): void {
    const failed = (error: unknown) =>
      this.graph.link.logError(`${this.#where(node)}: `, error, this.#about);
    try {
      const result = run();
      if (!isThenable(result)) return;
      this.#busy++;
      Promise.resolve(result).catch(failed).then(() => {
        this.#busy--;
        if (this.#busy > 0) return;
        this.#isThrough = true;
        this.#through();
      });
    } catch (error) {
      failed(error);
    }
  }

  /** Drops the event for good, because a cycle would never end. */
  #stop(step: Step, why: string): void {
    this.#isStopped = true;
    this.#steps = [];
    this.graph.link.log(
      "ERROR",
      `${this.#where(step.node)}: the event ${why} and is dropped: ${wayOf(step)}`,
      this.#about,
    );
  }

  get #about(): string {
    return this.connection === null ? "" : `s${this.connection.id}`;
  }

  #where(node: Node): string {
    return this.connection === null ? node.shown : `${node.shown}, session ${this.connection.id}`;
  }
}

/** The way up to a step, as far as it does not repeat itself. */
function wayOf(step: Step): string {
  const way: string[] = [];
  for (let at: Step | null = step; at !== null; at = at.from) {
    way.unshift(`${at.node.name}.${at.input}`);
  }
  const end = way.findIndex((place, index) => way.indexOf(place) < index);
  return end < 0 ? way.slice(0, 16).join(" → ") : `${way.slice(0, end + 1).join(" → ")} → …`;
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}
