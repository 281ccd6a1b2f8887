import type { Shell } from "./shell.ts";

/**
 * Opens a page in the browser. Where that is not possible, as on a server, it says where the page is; it never
 * fails, and waits for nothing.
 *
 * @param say Prints where it is.
 */
export function openPage(url: string, say: (text: string) => void, env: Shell["env"]): void {
  const [program, ...args] = opener(env);
  const hint = (why: string) => say(`Open ${url} in a browser (${program} ${why})`);
  try {
    const child = new Deno.Command(program, {
      args: [...args, url],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    child.unref();
    child.status.then(({ success, code }) => success || hint(`ended with ${code}`));
  } catch (error) {
    hint(
      error instanceof Deno.errors.NotFound
        ? "is not there"
        : error instanceof Deno.errors.NotCapable
        ? "may not be run without --allow-run"
        : "cannot be run",
    );
  }
}

/** The program that opens URLs, and its arguments in front of the URL. */
function opener(env: Shell["env"]): [program: string, ...args: string[]] {
  const chosen = variable("BROWSER", env);
  if (chosen !== undefined && chosen !== "") return [chosen];
  switch (Deno.build.os) {
    case "darwin":
      return ["open"];
    case "windows":
      return ["cmd", "/c", "start", ""];
    default:
      return ["xdg-open"];
  }
}

function variable(name: string, env: Shell["env"]): string | undefined {
  try {
    return env.get(name);
  } catch {
    // Not even that may be read.
    return undefined;
  }
}
