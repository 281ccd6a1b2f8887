import { Board, type BoardOptions } from "./board.ts";
import type { Files } from "./site.ts";

/** How long many services may take to start beside each other on a busy machine, ms. */
const START_MS = 60_000;

/** The body of a case; `t` is for its own steps. */
export type Case = (server: Board, t: Deno.TestContext) => Promise<void> | void;

/**
 * Cases that share one board. The board starts once, with the files of all cases, and each case uses its own
 * services and paths. This costs a fraction of a board for each case, most of all if cases also share services.
 *
 * The cases are steps of one test: a board that outlives a test would count as a leak of that test.
 */
export class SharedBoard {
  readonly #files: Files;
  readonly #cases: [name: string, run: Case][] = [];

  /** @param files Files that no case owns, such as the settings. */
  constructor(files: Files = {}, private readonly options: BoardOptions = {}) {
    this.#files = { ...files };
  }

  /**
   * Adds a case with its files.
   *
   * @throws {Error} If another case has a file of the same path.
   */
  add(name: string, files: Files, run: Case): void {
    for (const [path, content] of Object.entries(files)) {
      if (Object.hasOwn(this.#files, path)) throw new Error(`Two cases have a file ${path}`);
      this.#files[path] = content;
    }
    this.#cases.push([name, run]);
  }

  /** The test: it starts the board and runs the cases in the order in which they were added. */
  readonly run = async (t: Deno.TestContext): Promise<void> => {
    await using server = await Board.start(this.#files, {
      waits: { startMs: START_MS },
      ...this.options,
    });
    for (const [name, run] of this.#cases) await t.step(name, (t) => run(server, t));
  };
}
