import { dirname, join } from "@std/path";

/** Files to write, by path; a value that is no text becomes JSON. */
export type Files = Record<string, unknown>;

/** A root folder that exists for one test. */
export class Site implements Disposable {
  constructor(readonly root: string) {}

  /** Makes a root with these files. */
  static make(files: Files): Site {
    // Its real path: on some systems the temporary folder is behind a link.
    const site = new Site(Deno.realPathSync(Deno.makeTempDirSync({ prefix: "switchboard_" })));
    site.write(files);
    return site;
  }

  /** Adds or replaces files. */
  write(files: Files): void {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.root, path);
      Deno.mkdirSync(dirname(file), { recursive: true });
      if (content instanceof Uint8Array) Deno.writeFileSync(file, content);
      else {
        Deno.writeTextFileSync(
          file,
          typeof content === "string" ? content : JSON.stringify(content),
        );
      }
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}
