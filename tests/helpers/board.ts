import { Switchboard, type SwitchboardOptions } from "../../mod.ts";
import { openLog } from "../../lib/host/observe/mod.ts";
import { type Waits, WAITS_KEY, type WithWaits } from "../../lib/base/waits.ts";
import { Lines } from "./lines.ts";
import { Served } from "./served.ts";
import { type Files, Site } from "./site.ts";

/** How to start a board. */
export interface BoardOptions extends SwitchboardOptions {
  /** Waits that are shorter than a user's, where the test is about their end. */
  waits?: Partial<Waits>;
}

/**
 * A server in the process of the test. It starts in a third of the time that the command needs, and a test can
 * reload and stop its isolates. Unlike the shipped `TestBoard` it also serves a root in which a service fails.
 */
export class Board extends Served implements AsyncDisposable {
  private constructor(
    readonly site: Site,
    readonly board: Switchboard,
    readonly port: number,
    readonly log: Lines,
    private readonly ownsSite: boolean,
  ) {
    super();
  }

  /** Starts it on a free port and waits until each service runs or has failed. */
  static async start(files: Files | Site, options: BoardOptions = {}): Promise<Board> {
    const { waits, ...settings } = options;
    const site = files instanceof Site ? files : Site.make(files);
    const ownsSite = !(files instanceof Site);
    const log = new Lines();
    let board: Switchboard | null = null;
    try {
      const all: SwitchboardOptions & WithWaits = {
        ...settings,
        root: site.root,
        port: 0,
        log: openLog({ format: "json", color: false, write: (line) => log.add(line) }),
        [WAITS_KEY]: waits,
      };
      board = await Switchboard.open(all);
      const { port } = await board.listen();
      await board.settled();
      return new Board(site, board, port, log, ownsSite);
    } catch (error) {
      await board?.close();
      if (ownsSite) site[Symbol.dispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.board.close();
    this.log.finish();
    if (this.ownsSite) this.site[Symbol.dispose]();
  }
}
