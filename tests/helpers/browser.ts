import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** First the build of Chromium without a screen, which starts and draws for less than half the processor time. */
const CANDIDATES = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

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

/** Windows of a test, which are closed at the end of its scope. */
export class Windows implements AsyncDisposable {
  /** Errors that their pages logged. */
  readonly errors: string[] = [];
  readonly #contexts: BrowserContext[] = [];

  constructor(private readonly browser: Browser) {}

  /** A window of its own: nothing is shared with the others. */
  async open(width = 1000, height = 700): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width, height } });
    this.#contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#contexts.map((context) => context.close()));
  }
}

/** A real browser, closed with its profile at the end of its scope. */
export class Chromium implements AsyncDisposable {
  readonly #windows: Windows;

  private constructor(private readonly browser: Browser) {
    this.#windows = this.windows();
  }

  /**
   * One browser for all tests of a file: it starts before the first of them and is closed after the last. Returns
   * what opens the windows of a test.
   */
  static shared(): () => Windows {
    let browser: Chromium | null = null;
    Deno.test.beforeAll(async () => {
      if (findChromium() !== null) browser = await Chromium.start();
    });
    Deno.test.afterAll(() => browser?.[Symbol.asyncDispose]());
    return () => browser!.windows();
  }

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

  /** Errors that pages of {@linkcode window} logged. */
  get errors(): string[] {
    return this.#windows.errors;
  }

  /** A window of its own: nothing is shared with the others. */
  window(width = 1000, height = 700): Promise<Page> {
    return this.#windows.open(width, height);
  }

  /** Windows that are closed before the browser is. */
  windows(): Windows {
    return new Windows(this.browser);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
  }
}
