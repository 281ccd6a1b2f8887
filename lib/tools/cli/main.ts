import type { Command } from "commander";
import type { CheckFlags } from "./check.ts";
import type { CompileOptions } from "./compile.ts";
import { connectCommand } from "./connect.ts";
import type { NewOptions } from "./new.ts";
import { serviceName } from "./service_name.ts";
import { newProgram, runProgram, withServerOptions } from "./program.ts";
import type { ServeOptions } from "./serve.ts";
import type { Shell } from "./shell.ts";
import { targetOf } from "./targets.ts";
import type { UserOptions } from "./user.ts";

/** Permissions that `serve` needs, as flags of `deno run`. */
const NEEDED = "--allow-read --allow-net --allow-env";

/**
 * Runs the command line. What a command needs is loaded when it is run, so that the others start sooner.
 *
 * @param shell The shell that it runs in, by default this process.
 * @returns The exit code: 0, or 1 if it could not be done, or 2 if the command line is wrong.
 */
export async function main(args: string[], shell: Shell = Deno): Promise<number> {
  const program = newProgram(
    "switchboard",
    "Serves websocket applications made of small controller scripts",
    shell,
  );
  serverCommand(program, "serve", shell)
    .summary("serve ROOT/services")
    .description(
      "Serves ROOT/services, ROOT/apis and ROOT/webapp until it is told to stop.\n" +
        "SIGHUP swaps in what has changed on disk, with all sockets open; started at a terminal, " +
        "it means that the terminal is closed, and stops it",
    );
  serverCommand(program, "dev", shell)
    .summary("the same, and swap in a service as soon as it is edited")
    .description(
      "Serves like serve, and watches: an edited service is swapped in with its sockets open.\n" +
        "A version that does not load is shown with its error, and the last good one stays up.\n" +
        "Each event is printed: session, type, size, how long its handler took (as the isolate " +
        "measures it, promises included), and what was sent meanwhile. At / there is a client to try services with",
    )
    .option("--events <name>", 'print the events of one service, of "all" or "off"', "all")
    .option("--bodies", "print the beginning of each message too")
    .option("--open", "open the page at / in the browser");
  let exitCode = 0;
  program.command("check")
    .summary("find errors without serving")
    .description(
      "Finds errors that serve would report, wrong types, unused grants and unused files.\n" +
        "Starts each service once with its grants, and stops it; opens no port.\n" +
        "Exit code: 0 if there is no error, 1 if there is, 2 if the command line is wrong",
    )
    .argument("[root]", "folder that holds services/", ".")
    .option("--json", "print one JSON object, for editors and CI")
    .option("--strict", "treat warnings as errors")
    .option("--no-types", "skip the types, which take longest")
    .action(async (root: string, flags: CheckFlags) => {
      const { check } = await import("./check.ts");
      exitCode = await check(root, flags, shell);
    });
  program.command("init")
    .summary("make a project: settings, a first chat, and its test")
    .description(
      "Makes a project: deno.json, a first chat in services/, its test, and settings of the editor.\n" +
        "The folder may hold other files; none is overwritten. A .gitignore and .vscode/ are kept",
    )
    .argument("[dir]", "folder of the project; created if it does not exist", ".")
    .action(async (dir: string) => {
      const { init } = await import("./init.ts");
      init(dir, shell);
    });
  program.command("new")
    .summary("make a service that runs, and its test")
    .description(
      "Makes a service in ROOT/services that runs, and its test in ROOT/tests.\n" +
        "Nothing is overwritten",
    )
    .argument("<name>", "name of the service: lower case letters, digits, - and _", serviceName)
    .argument("[root]", "folder that holds services/", ".")
    .option("-k, --kind <kind>", "script system, such as xp, dirigible or lolo", "xp")
    .option("--js", "JavaScript, with its types in comments")
    .action(async (name: string, root: string, options: NewOptions, command: Command) => {
      const { create, kindProblem } = await import("./new.ts");
      const problem = kindProblem(options.kind);
      if (problem !== null) {
        const flag = `option '-k, --kind <kind>' argument '${options.kind}'`;
        command.error(`error: ${flag} is invalid. ${problem}`);
      }
      create(name, root, options, shell);
    });
  program.command("user").summary("users for HTTP Basic").description("Users for HTTP Basic")
    .command("add")
    .summary("add a user, or change the password")
    .description(
      "Adds a user to the file of auth.basic, or changes the password of one that is there.\n" +
        "Asks for the password, or reads it from standard input",
    )
    .argument("<name>", "login of the user")
    .option("-r, --role <name...>", "roles of the user; replaces the previous ones")
    .option("--root <folder>", "folder that holds switchboard.json", ".")
    .action(async (login: string, options: UserOptions) => {
      const { userAdd } = await import("./user.ts");
      await userAdd(login, options, shell);
    });
  program.command("flow")
    .summary("print a service's flows as Mermaid")
    .description(
      "Prints the graphs of a service's flows as Mermaid, to look at or to put in a document",
    )
    .argument("<name>", "name of the service")
    .argument("[root]", "folder that holds services/", ".")
    .action(async (name: string, root: string) => {
      const { flow } = await import("./flow.ts");
      flow(name, root, shell);
    });
  program.command("compile")
    .summary("make a standalone binary with the services inside")
    .description(
      "Makes a program that serves the services of ROOT without Deno or this command:\n" +
        "they are inside it, with their manifests, their assets and the settings",
    )
    .argument("[root]", "folder that holds services/", ".")
    .option("-o, --output <file>", "output file (default: app, app.exe for Windows)")
    .option("--target <triple>", "target platform (default: this machine)", targetOf)
    .action(async (root: string, options: CompileOptions) => {
      const { compile } = await import("./compile.ts");
      await compile(root, options, shell);
    });
  connectCommand(program, shell);
  return await runProgram(program, args, shell) || exitCode;
}

function serverCommand(program: Command, name: "serve" | "dev", shell: Shell): Command {
  return withServerOptions(
    program.command(name).argument("[root]", "folder that holds services/", "."),
  ).action(async (root: string, options: ServeOptions) => {
    try {
      const { [name]: run } = await import("./serve.ts");
      await run(root, options, shell);
    } catch (error) {
      throw withNeeded(error as Error);
    }
  });
}

/** If a permission is missing, the error names all that serving needs: one by one would take three starts. */
function withNeeded(error: Error): Error {
  const isDenied = [error, error.cause].some((one) => one instanceof Deno.errors.NotCapable);
  if (isDenied) error.message += `\n(serve needs at least ${NEEDED}; -A is all of them)`;
  return error;
}
