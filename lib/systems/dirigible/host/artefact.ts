import { extname, join, relative, SEPARATOR } from "@std/path";
import { SwitchboardError } from "../../../base/errors.ts";
import type { EndpointSource } from "../../../model/mod.ts";
import { isFile, isPlainPath, readableEntriesOf } from "../../../base/files.ts";
import { JsonFile } from "../../../base/json_file.ts";
import schema from "./artefact.schema.json" with { type: "json" };

/** A `*.websocket` file (docs/contracts/dirigible.md, section 2). */
interface Artefact {
  handler: string;
  endpoint: string;
}

/** An artefact whose handler was found. */
export interface FoundArtefact {
  /** Name of the service that owns the handler: its first path segment. */
  service: string;
  /** Its path in messages. */
  shown: string;
  source: EndpointSource;
}

/** An artefact that cannot be served. */
export interface BrokenArtefact {
  /** Name of the service that it lies in; empty, if it lies in none. */
  service: string;
  error: SwitchboardError;
}

/** All artefacts of a root. */
export interface Artefacts {
  found: FoundArtefact[];
  broken: BrokenArtefact[];
}

const artefactFile = new JsonFile<Artefact>("artefact", "SB_ARTEFACT", schema);

const EXTENSIONS = [".js", ".ts", ".mjs", ".cjs"];

/** URL paths of an endpoint. */
const PREFIXES = ["/websockets/v4/service/", "/websockets/service/"];

/** Reads all artefacts below `services/`. Two that want one endpoint are both broken: which one is meant? */
export function readArtefacts(root: string): Artefacts {
  const services = join(root, "services");
  const found: (FoundArtefact & { endpoint: string; within: string })[] = [];
  const broken: BrokenArtefact[] = [];
  for (const path of artefacts(services)) {
    const shown = relative(root, path);
    const [first, ...rest] = relative(services, path).split(SEPARATOR);
    const within = rest.length > 0 ? first! : "";
    try {
      const artefact = artefactFile.read(path, shown);
      if (artefact === null) continue;
      const { handler, endpoint } = artefact;
      const { service, file } = findHandler(services, handler, shown);
      const paths = PREFIXES.map((prefix) => prefix + endpoint);
      found.push({
        service,
        source: { id: `websocket:${endpoint}`, system: "dirigible", file, paths },
        endpoint,
        shown,
        within,
      });
    } catch (error) {
      broken.push({ service: within, error: error as SwitchboardError });
    }
  }
  const isAlone = ({ endpoint }: { endpoint: string }) =>
    found.filter((other) => other.endpoint === endpoint).length === 1;
  for (const { endpoint, shown, within } of found.filter((one) => !isAlone(one))) {
    const others = found.filter((other) => other.endpoint === endpoint && other.shown !== shown)
      .map((other) => `"${other.shown}"`).join(", ");
    broken.push({
      service: within,
      error: refused(shown, `${others} has endpoint "${endpoint}" too`),
    });
  }
  return {
    found: found.filter(isAlone).map(({ service, shown, source }) => ({ service, shown, source })),
    broken,
  };
}

/**
 * Artefacts that none of these services answers for: those that lie directly in `services/`, and those whose
 * folder is not a service.
 */
export function strayArtefacts(
  { found, broken }: Artefacts,
  services: ReadonlySet<string>,
): SwitchboardError[] {
  return [
    ...broken.filter(({ service }) => !services.has(service)).map(({ error }) => error),
    ...found.filter(({ service }) => !services.has(service)).map(({ service, shown }) =>
      refused(shown, `its handler lies in "${service}", which is not a service`)
    ),
  ];
}

function findHandler(services: string, handler: string, shown: string) {
  const id = handler.replace(/^\//, "");
  const segments = id.split("/");
  if (segments.length < 2 || !isPlainPath(id)) {
    throw refused(
      shown,
      `"handler" must name a module below services/, as in "my-project/ws-handler", got "${handler}"`,
    );
  }
  const path = join(services, ...segments);
  const candidates = EXTENSIONS.includes(extname(path))
    ? [path]
    : EXTENSIONS.map((extension) => path + extension);
  const file = candidates.find(isFile);
  if (file !== undefined) return { service: segments[0]!, file };
  throw refused(
    shown,
    `there is no handler ${relative(join(services, ".."), path)}{${EXTENSIONS.join(",")}}`,
  );
}

function* artefacts(folder: string): Generator<string> {
  for (const { name, isDirectory, isFile } of readableEntriesOf(folder)) {
    if (/^[._]/.test(name) || name === "node_modules") continue;
    if (isDirectory) yield* artefacts(join(folder, name));
    else if (isFile && name.endsWith(".websocket")) yield join(folder, name);
  }
}

function refused(shown: string, why: string): SwitchboardError {
  return new SwitchboardError("SB_ARTEFACT", `Cannot serve artefact "${shown}": ${why}`);
}
