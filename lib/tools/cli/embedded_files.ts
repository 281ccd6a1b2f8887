import { basename, dirname, join, relative, resolve, SEPARATOR } from "@std/path";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import { entriesOf, isFile, isFolder, isWithin } from "../../base/files.ts";
import type { Settings } from "../../host/service/mod.ts";

/** The files of a root that a binary contains. */
export interface Embedded {
  /** Files that go in, by path below the root; each leads to where it lies. */
  files: Map<string, string>;
  /** Paths below the root that stay outside though they lie among the others. */
  leftOut: string[];
}

/** Folders of a root that are served. */
export const SERVED = ["services", "apis", "webapp", "lib"];

/** Keys and certificates, which anyone with the binary could read. */
const SECRET = /\.(?:pem|key|p12|pfx|jks|keystore)$|^id_(?:rsa|dsa|ecdsa|ed25519)/i;

/** Tests, as `deno test` finds them by their end. */
const TEST = /[._]test\.(?:ts|tsx|mts|js|mjs|jsx|cts|cjs)$/;

/**
 * Finds the files of a root that a binary contains: services, settings, and the authentication module.
 * Hidden files, `node_modules`, tests, keys, and the files that the settings name for users and keys stay outside.
 *
 * @param apart Folders to leave out, absolute.
 * @throws {SwitchboardError} `SB_COMPILE`, if something cannot be read, or lies outside of the root.
 */
export function embeddedOf(root: string, settings: Settings, apart: string[]): Embedded {
  const found: Embedded = { files: new Map(), leftOut: [] };
  const outside = new Set(namedFiles(settings).map((file) => resolve(root, file)));
  for (const name of SERVED) collect(root, join(root, name), outside, apart, found, []);
  if (isFile(join(root, "switchboard.json"))) {
    found.files.set("switchboard.json", join(root, "switchboard.json"));
  }
  const { module } = settings.auth;
  if (module !== undefined) collectModule(root, module, outside, apart, found);
  found.leftOut.sort();
  return found;
}

/** Files with users, keys and certificates. */
function namedFiles({ auth: { jwt, basic }, tls }: Settings): string[] {
  return [basic?.file, jwt?.secretFile, jwt?.publicKeyFile, tls?.cert, tls?.key]
    .filter((file) => file !== undefined);
}

/** The module of `auth.module`: with its folder, unless that is the root itself. */
function collectModule(
  root: string,
  module: string,
  outside: Set<string>,
  apart: string[],
  found: Embedded,
): void {
  const file = resolve(root, module);
  if (!isWithin(file, root)) {
    throw new SwitchboardError(
      "SB_COMPILE",
      `Cannot embed "${module}", named by "auth.module" in switchboard.json: ` +
        `it lies outside of ${root}`,
    );
  }
  if (dirname(file) === root) found.files.set(basename(file), file);
  else collect(root, dirname(file), outside, apart, found, []);
}

function collect(
  root: string,
  path: string,
  outside: Set<string>,
  apart: string[],
  found: Embedded,
  above: string[],
): void {
  const shown = relative(root, path).replaceAll(SEPARATOR, "/");
  try {
    if (isFolder(path)) {
      const real = Deno.realPathSync(path);
      // A link may lead back to where it lies.
      if (above.includes(real) || apart.includes(real)) return;
      for (const { name } of entriesOf(path)) {
        const child = join(path, name);
        const isLeftOut = outside.has(child) || staysOutside(name, path, root);
        if (isLeftOut) found.leftOut.push(`${shown}/${name}`);
        else collect(root, child, outside, apart, found, [...above, real]);
      }
    } else if (isFile(path)) {
      // Whether it can be read is told here, with its name.
      Deno.openSync(path).close();
      found.files.set(shown, path);
    }
  } catch (error) {
    if (error instanceof SwitchboardError) throw error;
    throw new SwitchboardError("SB_COMPILE", `Cannot embed "${shown}": ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function staysOutside(name: string, folder: string, root: string): boolean {
  if (name.startsWith(".") || name === "node_modules" || SECRET.test(name)) return true;
  // These belong to no service.
  if (name.startsWith("_") && ["services", "apis"].includes(relative(root, folder))) return true;
  // A service may be called like a test, and then its controller is.
  return TEST.test(name) && name.replace(/\.[^.]+$/, "") !== basename(folder);
}
