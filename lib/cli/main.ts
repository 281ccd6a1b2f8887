import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { SwitchboardError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { flow } from "./flow.ts";
import { dev, serve, type ServeOptions } from "./serve.ts";
import { userAdd } from "./user.ts";

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
  serverCommand(program, "serve", serve)
    .summary("serve ROOT/services")
    .description(
      "Serves ROOT/services, ROOT/apis and ROOT/webapp until it is told to stop.\n" +
        "SIGHUP swaps in what has changed on disk, with all sockets open",
    );
  serverCommand(program, "dev", dev)
    .summary("the same, and swap in a service as soon as it is edited")
    .description(
      "Serves like serve, and watches: an edited service is swapped in with its sockets open.\n" +
        "A version that does not load is shown with its error, and the last good one goes on",
    );
  program.command("user").summary("users for HTTP Basic").description("Users for HTTP Basic")
    .command("add")
    .summary("add a user, or change the password")
    .description(
      "Adds a user to the file of auth.basic, or changes the password of one that is there.\n" +
        "Asks for the password, or reads it from standard input",
    )
    .argument("<name>", "what the user logs in with")
    .option("-r, --role <name...>", "roles of the user, in place of those before")
    .option("--root <folder>", "folder that holds switchboard.json", ".")
    .action(userAdd);
  program.command("flow")
    .summary("print a service's flows as Mermaid")
    .description(
      "Prints the graphs of a service's flows as Mermaid, to look at or to put in a document",
    )
    .argument("<name>", "name of the service")
    .argument("[root]", "folder that holds services/", ".")
    .action(flow);
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

function serverCommand(
  program: Command,
  name: string,
  run: (root: string, options: ServeOptions) => Promise<void>,
): Command {
  return program.command(name)
    .argument("[root]", "folder that holds services/", ".")
    .option("-p, --port <number>", "port to listen on, 0 for any free one (default: 8080)", portOf)
    .option("--hostname <address>", "address to listen on (default: 127.0.0.1)")
    .option("--app <name>", 'name of the application in its URLs (default: "app")')
    .addOption(
      new Option("--transport <name>", "how sockets are served (default: deno)").choices([
        "deno",
        "ws",
      ]),
    )
    .option("--cert <file>", "certificate chain (PEM), for TLS; read anew on SIGHUP")
    .option("--key <file>", "its private key (PEM)")
    .action(run);
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new InvalidArgumentError("Expected a number from 0 to 65535.");
}
