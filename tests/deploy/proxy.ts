import { Lines } from "../helpers/lines.ts";
import { Certificate } from "../helpers/peer.ts";
import { exchange } from "../helpers/page.ts";
import type { Place } from "./visitor.ts";

/** Name of the site in docs/deployment.md. */
export const NAME = "chat.example.com";

/** What tells that a proxy has been started, and how. */
export interface ProxyOptions {
  /** The program and its arguments; `{file}` is the configuration, `{folder}` its own folder. */
  command: string[];
  /** Makes of the page's configuration one that runs here: other ports and paths, and nothing else. */
  adapt(text: string, here: Here): string;
  /** A line of its log that says that it listens. */
  isUp: RegExp;
}

/** Where things are in the test. */
export interface Here {
  folder: string;
  address: string;
  port: number;
  /** Of the server that redirects to TLS. */
  plainPort: number;
  cert: string;
  key: string;
}

/** A real proxy in the foreground, with a configuration of docs/deployment.md. */
export class Proxy implements AsyncDisposable {
  private constructor(
    readonly place: Place,
    readonly here: Here,
    /** Its configuration. */
    readonly file: string,
    readonly log: Lines,
    private readonly process: Deno.ChildProcess,
    private readonly output: Lines,
    private readonly certificate: Certificate,
  ) {}

  static async start(text: string, options: ProxyOptions): Promise<Proxy> {
    const certificate = await Certificate.make(NAME);
    const folder = Deno.makeTempDirSync({ prefix: "switchboard_" });
    // What nginx does for clients it does as another user.
    Deno.chmodSync(folder, 0o755);
    const here = {
      folder,
      address: ownAddress()!,
      port: freePort(),
      plainPort: freePort(),
      cert: certificate.cert,
      key: certificate.key,
    };
    const file = `${folder}/configuration`;
    Deno.writeTextFileSync(file, options.adapt(text, here));
    const [program, ...args] = options.command.map((part) =>
      part.replace("{file}", file).replace("{folder}", folder)
    );
    const process = new Deno.Command(program!, {
      args,
      env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const log = Lines.of(process.stderr);
    const output = Lines.of(process.stdout);
    const place = {
      name: NAME,
      address: here.address,
      port: here.port,
      authority: Deno.readTextFileSync(certificate.authority),
    };
    const proxy = new Proxy(place, here, file, log, process, output, certificate);
    try {
      await log.next((line) => options.isUp.test(line));
    } catch (error) {
      await proxy[Symbol.asyncDispose]();
      throw error;
    }
    return proxy;
  }

  signal(signal: Deno.Signal): void {
    this.process.kill(signal);
  }

  /** Changes its configuration, which counts as soon as it is told to read it. */
  edit(parts: Record<string, string>): void {
    Deno.writeTextFileSync(this.file, exchange(Deno.readTextFileSync(this.file), parts));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.process.kill("SIGTERM");
    } catch {
      // It has ended by itself.
    }
    await Promise.all([this.process.status, this.log.end(), this.output.end()]);
    this.certificate[Symbol.dispose]();
    Deno.removeSync(this.here.folder, { recursive: true });
  }
}

/** An address of this machine that is not 127.0.0.1: the proxy's clients shall not look like the proxy. */
export function ownAddress(): string | null {
  const found = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  );
  return found?.address ?? null;
}

/** A port that no other test gets meanwhile: the system gives away those from 32,768 on by itself. */
function freePort(): number {
  for (let tries = 0; tries < 100; tries++) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    try {
      Deno.listen({ hostname: "0.0.0.0", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("No port is free");
}
