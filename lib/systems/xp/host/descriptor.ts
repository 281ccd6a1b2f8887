import { join } from "@std/path";
import defer * as yaml from "yaml";
import defer * as sax from "sax";
import { messageOf, SwitchboardError } from "../../../base/errors.ts";

/**
 * The principals that an XP descriptor beside a controller allows (docs/contracts/xp.md, section 4): `<name>.xml` of
 * XP 7, `<name>.yml` or `<name>.yaml` of XP 8. Null: no descriptor, or one that says nothing of it.
 *
 * @throws {SwitchboardError} `SB_MANIFEST`, if a descriptor is there and cannot be understood.
 */
export function readDescriptor(dir: string, name: string): string[] | null {
  for (const [extension, parse] of PARSERS) {
    const path = join(dir, name + extension);
    try {
      const allow = parse(Deno.readTextFileSync(path));
      if (allow !== null) return allow;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw new SwitchboardError(
        "SB_MANIFEST",
        `Cannot read descriptor "${path}": ${messageOf(error).split("\n")[0]}`,
        { cause: error },
      );
    }
  }
  return null;
}

const PARSERS: [string, (text: string) => string[] | null][] = [
  [".xml", allowOfXml],
  [".yml", allowOfYaml],
  [".yaml", allowOfYaml],
];

function allowOfXml(text: string): string[] | null {
  let allow: string[] | null = null;
  const path: string[] = [];
  let principal = "";
  const parser = sax.default.parser(true, { trim: true });
  parser.onerror = (error: Error) => {
    throw error;
  };
  let hasRoot = false;
  parser.onopentag = ({ name }: { name: string }) => {
    hasRoot = true;
    path.push(name);
    if (path.length === 2 && name === "allow") allow ??= [];
    principal = "";
  };
  parser.ontext = parser.oncdata = (text: string) => principal += text.trim();
  parser.onclosetag = () => {
    if (path.length === 3 && path[1] === "allow" && path[2] === "principal") {
      if (principal === "") throw new Error("<principal> is empty");
      allow!.push(principal);
    }
    path.pop();
  };
  parser.write(text).close();
  if (!hasRoot) throw new Error("it has no element");
  return allow;
}

function allowOfYaml(text: string): string[] | null {
  const value: unknown = yaml.parse(text);
  if (value === null || value === undefined) return null;
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new Error(`expected a mapping, got ${JSON.stringify(value)}`);
  }
  if (!("allow" in value)) return null;
  // Like an empty <allow/>, an empty list rejects every client.
  const allow: unknown = value.allow ?? [];
  if (Array.isArray(allow) && allow.every((item) => typeof item === "string" && item !== "")) {
    return allow;
  }
  throw new Error(`"allow" must be a list of principals, got ${JSON.stringify(allow)}`);
}
