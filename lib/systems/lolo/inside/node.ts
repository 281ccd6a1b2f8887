import { format } from "node:util";
import type { FlowNode } from "../../../model/mod.ts";
import type { Link } from "../../../inside/link.ts";
import type { Context, Functions, Logger, State } from "./types.ts";

const LEVELS = {
  trace: "DEBUG",
  debug: "DEBUG",
  info: "INFO",
  warn: "WARN",
  error: "ERROR",
  fatal: "ERROR",
} as const;

/** The part of a context that is the same for all events of a node. */
export type LastingContext = Omit<Context, "input" | "route" | "once" | "emit">;

/** One node of a running flow: its functions, its state, and the lasting part of its contexts. */
export class Node {
  readonly name: string;
  /** In messages: flow and node. */
  readonly shown: string;
  readonly context: LastingContext;

  constructor(
    flow: string,
    readonly source: FlowNode,
    readonly functions: Functions,
    env: Record<string, string>,
    link: Link,
  ) {
    this.name = source.name;
    this.shown = `flow "${flow}", node "${source.name}"`;
    const appId = `${link.boot.service}/${flow}`;
    this.context = {
      functionId: `${appId}/${source.name}`,
      functionName: source.name,
      appId,
      appName: flow,
      inputs: Object.freeze([...source.inputs]),
      outputs: Object.freeze([...source.outputs]),
      params: source.params,
      log: loggerOf(link, `${flow}/${source.name}: `),
      env,
      state: stateOf(),
    };
  }
}

function loggerOf(link: Link, prefix: string): Logger {
  return Object.fromEntries(
    Object.entries(LEVELS).map(([name, level]) => [
      name,
      (...values: unknown[]) => link.log(level, prefix + format(...values)),
    ]),
  ) as Logger;
}

function stateOf(): State {
  const values = new Map<string, unknown>();
  return {
    get: (key) => values.get(String(key)),
    set: (key, value) => void values.set(String(key), value),
    keys: () => [...values.keys()],
  };
}
