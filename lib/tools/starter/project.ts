import { CHAT_CONTROLLER } from "./chat_controller.ts";
import CHAT_CSS from "./chat/chat.css" with { type: "text" };
import CHAT_JS from "./chat/chat.js" with { type: "text" };
import CHAT_HTML from "./chat/index.html" with { type: "text" };
import { testOf } from "./test.ts";
import type { Files } from "../../model/mod.ts";
import type { Wiring } from "./wiring.ts";

const GITIGNORE = `# Secrets, what tests leave, and packages
.env
coverage/
node_modules/
`;

// A file of the project's own: what a package declares is global nowhere else, and registries refuse it.
const GLOBALS = `// What controllers find in place, for the type checker and the editor.
import type { App, Log } from "@switchboard/switchboard/xp/types";

declare global {
  const app: App;
  const log: Log;
  function resolve(path: string): string;
}
`;

/** Files of a project that it runs without: existing ones are kept. */
export const KEEPABLE = [".gitignore", ".vscode/settings.json", ".vscode/extensions.json"];

/** The files of a new project: its settings, and a chat to begin with. */
export function projectFiles(wiring: Wiring): Files {
  return {
    "deno.json": json(denoJson(wiring)),
    "globals.d.ts": GLOBALS,
    "services/chat/chat.ts": CHAT_CONTROLLER,
    "services/chat/assets/index.html": CHAT_HTML,
    "services/chat/assets/chat.css": CHAT_CSS,
    "services/chat/assets/chat.js": CHAT_JS,
    "tests/chat_test.ts": testOf({
      name: "chat",
      path: "/services/chat",
      does: "what one says, everybody hears",
      talk: `  assertEquals(await ada.next(), '{"news":"Ada joined","here":1}');
  assertEquals(await ada.next(), '{"news":"Bob joined","here":2}');
  assertEquals(await bob.next(), '{"news":"Bob joined","here":2}');
  bob.send("Hello");
  const said = '{"from":"Bob","text":"Hello","here":2}';
  assertEquals([await ada.next(), await bob.next()], [said, said]);`,
    }),
    ".gitignore": GITIGNORE,
    ".vscode/settings.json": json({
      "deno.enable": true,
      "[typescript]": { "editor.defaultFormatter": "denoland.vscode-deno" },
      "[javascript]": { "editor.defaultFormatter": "denoland.vscode-deno" },
    }),
    ".vscode/extensions.json": json({ recommendations: ["denoland.vscode-deno"] }),
  };
}

function denoJson({ links, imports, scopes, host, ownCommand }: Wiring): object {
  return {
    // Controllers may leave out extensions, and so must the type checker let them.
    unstable: ["worker-options", "sloppy-imports"],
    // Or a package.json in the folder would have Deno look for Switchboard's packages in node_modules.
    nodeModulesDir: "none",
    ...(links.length > 0 && { links }),
    imports: {
      "@std/assert": "jsr:@std/assert@^1.0.0",
      ...imports,
      "lib/": "./lib/",
      "/lib/": "./lib/",
    },
    ...(Object.keys(scopes).length > 0 && { scopes }),
    tasks: {
      start: task("Serve services/ on http://127.0.0.1:8080", `${ownCommand} serve`),
      dev: task("The same, and swap in each service as soon as it is edited", `${ownCommand} dev`),
      check: task("Check every service and manifest", `${ownCommand} check`),
      new: task("Make a service: deno task new NAME", `${ownCommand} new`),
      test: task("Check the types and run the tests", testCommand(links.length > 0, host)),
    },
    compilerOptions: {
      lib: ["deno.window", "deno.worker", "deno.unstable"],
      types: ["./globals.d.ts"],
    },
  };
}

/** Types are checked before, and once: otherwise Deno checks them for each isolate, and it has to wait. */
function testCommand(isLinked: boolean, host: string | null): string {
  // Deno trusts JSR by itself only as long as no host is named.
  const check = host === null ? "deno check -q" : `deno check -q --allow-import=${host},jsr.io`;
  // For links Deno has a warning, each time.
  return `${check} && deno test ${isLinked ? "-q " : ""}-A --no-prompt --no-check`;
}

function task(description: string, command: string): object {
  return { description, command };
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
