/**
 * The command line of a compiled binary, which serves the services inside it. The entry that `compile` writes calls it.
 *
 * @module
 */
import { basename, fromFileUrl, resolve } from "@std/path";
import { readSettings } from "../../host/service/mod.ts";
import { newProgram, runProgram, withServerOptions } from "./program.ts";
import { serve, type ServeOptions } from "./serve.ts";
import type { Shell } from "./shell.ts";

/**
 * Runs the command line of a binary.
 *
 * @param embedded The folder inside the binary that holds `services/`.
 * @param shell The shell that it runs in, by default this process.
 * @returns The exit code: 0, or 1 if it could not be done, or 2 if the command line is wrong.
 */
export function main(embedded: URL, args: string[], shell: Shell = Deno): Promise<number> {
  const root = fromFileUrl(embedded).replace(/[/\\]$/, "");
  const program = newProgram(
    basename(Deno.execPath()),
    "Serves the services that are inside this program until it is told to stop.\n" +
      "Files with keys and users are not inside: they are read from the current folder",
    shell,
  ).action((options: ServeOptions) => serve(root, { ...filesOutside(root), ...options }, shell));
  return runProgram(withServerOptions(program), args, shell);
}

/** The settings that name files which are not in the binary, from the folder that it is started in. */
function filesOutside(root: string): Pick<ServeOptions, "auth" | "tls"> {
  const { auth: { jwt, basic, ...auth }, tls } = readSettings(root);
  const { secretFile, publicKeyFile } = jwt ?? {};
  return {
    auth: {
      ...auth,
      ...(basic && { basic: { file: resolve(basic.file) } }),
      ...(jwt && {
        jwt: {
          ...jwt,
          ...(secretFile !== undefined && { secretFile: resolve(secretFile) }),
          ...(publicKeyFile !== undefined && { publicKeyFile: resolve(publicKeyFile) }),
        },
      }),
    },
    ...(tls && { tls: { cert: resolve(tls.cert), key: resolve(tls.key) } }),
  };
}
