import { type Browser, chromium, type Page } from "playwright-core";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Path of a Chromium on this machine; null if there is none. */
export function findChromium(): string | null {
  return [Deno.env.get("CHROMIUM"), ...CANDIDATES].find((path) => {
    try {
      return path !== undefined && Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  }) ?? null;
}

/** A real browser, closed with its profile at the end of its scope. */
export class Chromium implements AsyncDisposable {
  /** What pages logged as errors. */
  readonly errors: string[] = [];

  private constructor(private readonly browser: Browser) {}

  /** @param args More arguments of the browser. */
  static async start(args: string[] = []): Promise<Chromium> {
    const executablePath = findChromium();
    if (executablePath === null) throw new Error("No Chromium: apt-get install chromium");
    const browser = await chromium.launch({
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        ...args,
      ],
    });
    return new Chromium(browser);
  }

  /** A window of its own: nothing is shared with the others. */
  async window(width = 1000, height = 700): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width, height } });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
  }
}
