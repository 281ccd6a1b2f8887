import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { nearest } from "../../base/nearest.ts";
import { VERSION } from "../../base/version.ts";
import { helpLayout } from "./help.ts";
import { complain, complainText, writeOut } from "./output.ts";
import { printable } from "./printable.ts";
import { problemOf } from "./problem.ts";
import type { OutputStream, Shell } from "./shell.ts";

/** Width of help that is not printed at a terminal. */
const COLUMNS = 80;

/** A program whose errors of usage say what is expected. */
export function newProgram(name: string, description: string, shell: Shell = Deno): Command {
  const widthOf = (stream: OutputStream) => () =>
    stream.isTerminal() ? shell.consoleSize().columns : COLUMNS;
  return new Command(name)
    .description(description)
    .version(VERSION)
    .exitOverride()
    .configureHelp(helpLayout)
    .configureOutput({
      writeOut: (text) => void writeOut(new TextEncoder().encode(text), shell),
      writeErr: (text) => complainText(text, shell),
      getOutHelpWidth: widthOf(shell.stdout),
      getErrHelpWidth: widthOf(shell.stderr),
      outputError: (text, write) => write(printable(text)),
    })
    .showSuggestionAfterError()
    .showHelpAfterError("(run with --help for usage)");
}

/**
 * Runs a program.
 *
 * @returns The exit code: 0, or 1 if it could not be done, or 2 if the command line is wrong.
 */
export async function runProgram(
  program: Command,
  args: string[],
  shell: Shell = Deno,
): Promise<number> {
  try {
    checkHelp(program, args);
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const message = problemOf(error);
    if (message === null) throw error;
    complain(`error: ${printable(message)}`, shell);
    return 1;
  }
}

/** Ends where help is asked for a command that is not there: by itself, the parser would show all the help. */
function checkHelp(program: Command, [first, name]: string[]): void {
  const names = program.commands.map((command) => command.name());
  if (first !== "help" || name === undefined || name.startsWith("-") || names.length === 0) return;
  if (name === "help" || names.includes(name)) return;
  const near = nearest(name, names);
  program.error(
    `error: there is no command '${name}'${near === null ? "" : `\n(Did you mean ${near}?)`}`,
  );
}

/** Adds the flags of the serving commands. */
export function withServerOptions(command: Command): Command {
  return command
    .option("-p, --port <number>", "port to listen on, 0 for any free one (default: 8080)", portOf)
    .option("--hostname <address>", "address to listen on (default: 127.0.0.1)", hostnameOf)
    .option("--app <name>", 'name of the application in its URLs (default: "app")', appOf)
    .addOption(
      new Option("--transport <name>", "how sockets are served (default: deno)").choices([
        "deno",
        "ws",
      ]),
    )
    .option("--cert <file>", "certificate chain (PEM), for TLS; reloaded on SIGHUP")
    .option("--key <file>", "its private key (PEM)")
    .hook("preAction", (command) => {
      const { cert, key } = command.opts();
      if ((cert === undefined) === (key === undefined)) return;
      const [given, missing] = cert === undefined ? ["--key", "--cert"] : ["--cert", "--key"];
      command.error(`error: ${given} needs ${missing}: TLS takes both`);
    });
}

function hostnameOf(text: string): string {
  if (text.trim() !== "") return text;
  throw new InvalidArgumentError("Expected an address, for example 0.0.0.0.");
}

function appOf(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text)) return text;
  throw new InvalidArgumentError(
    "Expected letters, digits, and then also '.', '_' and '-', as it stands in URLs.",
  );
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new InvalidArgumentError("Expected a number from 0 to 65535.");
}
