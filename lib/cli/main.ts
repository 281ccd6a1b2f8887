import { Command, CommanderError, InvalidArgumentError } from "commander";
import { SwitchboardError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { serve, type ServeOptions } from "./serve.ts";

/**
 * Runs the command line.
 *
 * @returns The exit code: 0, or 1 if it could not be done, or 2 if the command line is wrong.
 */
export async function main(args: string[]): Promise<number> {
  const program = new Command("switchboard")
    .description("Serves websocket applications made of small controller scripts")
    .version(VERSION)
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError("(add --help for what there is)");
  program.command("serve")
    .summary("serve ROOT/services")
    .description("Serves ROOT/services, ROOT/apis and ROOT/webapp until it is told to stop")
    .argument("[root]", "folder that holds services/", ".")
    .option("-p, --port <number>", "port to listen on, 0 for any free one (default: 8080)", portOf)
    .option("--hostname <address>", "address to listen on (default: 127.0.0.1)")
    .option("--app <name>", 'name of the application in its URLs (default: "app")')
    .action((root: string, options: ServeOptions) => serve(root, options));
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof SwitchboardError)) throw error;
    console.error(`error: ${error.message}`);
    return 1;
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new InvalidArgumentError("Expected a number from 0 to 65535.");
}
