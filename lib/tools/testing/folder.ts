import { dirname, isAbsolute, join } from "@std/path";
import { messageOf, SwitchboardError } from "../../base/errors.ts";

/** Text, bytes, or a value that becomes JSON. */
export type FileContent = string | Uint8Array | object;

/** Files to write, by path: `{ "services/hello/hello.js": "…", "switchboard.json": { app: "x" } }`. */
export type Files = Record<string, FileContent>;

/** A root folder that exists for one test. */
export class Folder implements Disposable {
  /** @param root The folder, which is removed at the end of the scope. */
  constructor(readonly root: string) {}

  /**
   * Makes a folder with these files.
   *
   * @throws {SwitchboardError} `SB_SETTINGS`, if a path leads out of it or cannot be written.
   */
  static make(files: Files): Folder {
    // Its real path: on some systems the temporary folder is behind a link.
    const folder = new Folder(Deno.realPathSync(Deno.makeTempDirSync({ prefix: "switchboard_" })));
    try {
      folder.write(files);
      return folder;
    } catch (error) {
      folder[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Adds or replaces files.
   *
   * @throws {SwitchboardError} `SB_SETTINGS`, as {@linkcode make}.
   */
  write(files: Files): void {
    for (const [path, content] of Object.entries(files)) this.#write(path, content);
  }

  #write(path: string, content: unknown): void {
    if (path === "" || isAbsolute(path) || path.split(/[\\/]/).includes("..")) {
      throw problem(`"${path}" must be a path within the folder, such as services/hello/hello.js`);
    }
    if (typeof content !== "string" && (typeof content !== "object" || content === null)) {
      throw problem(`"${path}" must be text, bytes or a value for JSON, got ${String(content)}`);
    }
    try {
      const file = join(this.root, path);
      Deno.mkdirSync(dirname(file), { recursive: true });
      if (content instanceof Uint8Array) return Deno.writeFileSync(file, content);
      Deno.writeTextFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    } catch (error) {
      throw problem(`"${path}" cannot be written: ${messageOf(error)}`, error);
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

function problem(text: string, cause?: unknown): SwitchboardError {
  return new SwitchboardError("SB_SETTINGS", `Cannot write the test's files: ${text}`, { cause });
}
