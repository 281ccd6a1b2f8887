import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { VERSION } from "../version.ts";
import { helpLayout } from "./help.ts";
import { complain, complainText, writeOut } from "./output.ts";
import { printable } from "./printable.ts";
import { problemOf } from "./problem.ts";

/** A program whose wrong use is an error that says what would be right. */
export function newProgram(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .version(VERSION)
    .exitOverride()
    .configureHelp(helpLayout)
    .configureOutput({
      writeOut: (text) => void writeOut(new TextEncoder().encode(text)),
      writeErr: complainText,
      outputError: (text, write) => write(printable(text)),
    })
    .showSuggestionAfterError()
    .showHelpAfterError("(add --help for what there is)");
}

/**
 * Runs a program.
 *
 * @returns The exit code: 0, or 1 if it could not be done, or 2 if the command line is wrong.
 */
export async function runProgram(program: Command, args: string[]): Promise<number> {
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const message = problemOf(error);
    if (message === null) throw error;
    complain(`error: ${printable(message)}`);
    return 1;
  }
}

/** Adds the flags of whatever serves. */
export function withServerOptions(command: Command): Command {
  return command
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
    .option("--key <file>", "its private key (PEM)");
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new InvalidArgumentError("Expected a number from 0 to 65535.");
}
