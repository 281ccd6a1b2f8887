import { Switchboard, type SwitchboardOptions } from "../../mod.ts";
import { type Files, Site } from "./site.ts";

/** A server within this process, so that a test can reload and stop its isolates. */
export class Board implements AsyncDisposable {
  private constructor(
    readonly site: Site,
    readonly board: Switchboard,
    readonly port: number,
    /** Level, service and text of each line of the log. */
    readonly lines: string[],
  ) {}

  static async open(files: Files, options: SwitchboardOptions = {}): Promise<Board> {
    const site = Site.make(files);
    const lines: string[] = [];
    const board = await Switchboard.open({
      ...options,
      root: site.root,
      port: 0,
      log: (level, text, service) => lines.push(`${level} ${service} ${text}`),
    });
    const { port } = await board.listen();
    await board.settled();
    return new Board(site, board, port, lines);
  }

  ws(path: string): string {
    return `ws://127.0.0.1:${this.port}${path}`;
  }

  http(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** The text at a path. */
  async text(path: string): Promise<string> {
    return await (await fetch(this.http(path))).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.board.close();
    this.site[Symbol.dispose]();
  }
}
