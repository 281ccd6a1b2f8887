import { join, relative } from "@std/path";
import { SwitchboardError } from "../../../base/errors.ts";
import { RoutePattern } from "../../../base/route_pattern.ts";
import type { EndpointSource, Flow, FlowNode } from "../../../model/mod.ts";
import { TRIGGER } from "../../../model/flow.ts";
import { readableEntriesOf } from "../../../base/files.ts";
import { type FlowFile, FlowReader } from "./flow.ts";
import { JsonFile } from "../../../base/json_file.ts";
import schema from "./flow.schema.json" with { type: "json" };

const SUFFIX = ".flow.json";

/** Paths that the flows of one service may have. */
const MAX_PATHS = 256;

const flowFile = new JsonFile<FlowFile>("flow", "SB_FLOW", schema);

/** A flow that can be served. */
export interface FoundFlow {
  /** Name of the service. */
  service: string;
  /** Its file in messages. */
  shown: string;
  source: EndpointSource;
}

/** A flow that cannot be served. */
export interface BrokenFlow {
  /** Name of the service. */
  service: string;
  error: SwitchboardError;
}

/** The path of a trigger. */
interface Place {
  flow: FoundFlow;
  node: string;
  pattern: RoutePattern;
}

/**
 * Reads the flows of all services. Two that want the same requests are both broken: which one is meant? Within
 * a service the more exact path counts, because it is one author's; between services one could take the other's.
 */
export function readFlows(root: string): { found: FoundFlow[]; broken: BrokenFlow[] } {
  const found: FoundFlow[] = [];
  const broken: BrokenFlow[] = [];
  for (const [service, file] of flowFiles(root)) {
    const dir = join(root, "services", service);
    const shown = relative(root, join(dir, file));
    try {
      const source = readFlow(root, dir, file, shown);
      if (source !== null) found.push({ service, shown, source });
    } catch (error) {
      broken.push({ service, error: error as SwitchboardError });
    }
  }
  const places = found.flatMap((flow) =>
    triggers(flow.source.flow!).map(({ name, params }): Place => ({
      flow,
      node: name,
      pattern: new RoutePattern(String(params.path)),
    }))
  );
  const fine = found.filter((flow) => {
    const problem = crowded(flow, found) ?? collision(flow, places);
    if (problem !== null) {
      broken.push({ service: flow.service, error: refused(flow.shown, problem) });
    }
    return problem === null;
  });
  return { found: fine, broken };
}

/** Flows that lie directly in `services/`, where they belong to no service. */
export function strayFlows(root: string): SwitchboardError[] {
  return readableEntriesOf(join(root, "services")).filter(({ name }) => isFlow(name)).map((
    { name },
  ) => refused(join("services", name), `move it into a service folder, services/NAME/`));
}

function flowFiles(root: string): [service: string, file: string][] {
  return readableEntriesOf(join(root, "services")).flatMap(({ name: service }) =>
    /^[._]/.test(service)
      ? []
      : readableEntriesOf(join(root, "services", service)).filter(({ name }) => isFlow(name))
        .map(({ name }): [string, string] => [service, name])
  );
}

function isFlow(name: string): boolean {
  return name.endsWith(SUFFIX) && !/^[._]/.test(name);
}

function readFlow(root: string, dir: string, file: string, shown: string): EndpointSource | null {
  const path = join(dir, file);
  const content = flowFile.read(path, shown);
  if (content === null) return null;
  const reader = new FlowReader(root, dir);
  const flow = reader.read(file.slice(0, -SUFFIX.length), content);
  if (reader.problems.length > 0) throw refused(shown, reader.problems.join("; "));
  const paths = triggers(flow).map(({ params }) => String(params.path));
  return { id: `flow:${flow.name}`, system: "lolo", file: path, paths, flow };
}

function triggers({ nodes }: Flow): FlowNode[] {
  return nodes.filter(({ use }) => use === TRIGGER);
}

function crowded({ service }: FoundFlow, all: readonly FoundFlow[]): string | null {
  const paths = all.filter((flow) => flow.service === service).flatMap(({ source }) =>
    source.paths
  );
  if (paths.length <= MAX_PATHS) return null;
  return `the flows of a service may have ${MAX_PATHS} paths, got ${paths.length}`;
}

/** The conflict of a flow's paths with another flow's; null: none. */
function collision(flow: FoundFlow, places: readonly Place[]): string | null {
  const own = places.filter((place) => place.flow === flow);
  for (const { node, pattern } of own) {
    for (const other of places) {
      if (other.pattern === pattern) continue;
      const isSame = other.pattern.shape === pattern.shape;
      const isOthers = other.flow.service !== flow.service && other.pattern.overlaps(pattern);
      if (!isSame && !isOthers) continue;
      const where = other.flow === flow ? "" : ` in "${other.flow.shown}"`;
      const what = isSame ? "the same requests" : "some of the same requests";
      return `node "${node}": path "${pattern.path}" is for ${what} as path ` +
        `"${other.pattern.path}" of node "${other.node}"${where}`;
    }
  }
  return null;
}

function refused(shown: string, why: string): SwitchboardError {
  return new SwitchboardError("SB_FLOW", `Cannot serve flow "${shown}": ${why}`);
}
