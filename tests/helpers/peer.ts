import { fromFileUrl, join } from "@std/path";
import { Lines } from "./lines.ts";

/** A key that is made at once, which one of RSA is not. */
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
const SCRIPT = fromFileUrl(import.meta.resolve("./peer/server.ts"));

/** A websocket server that is not ours, in a process of its own. */
export class Peer implements AsyncDisposable {
  private constructor(
    private readonly process: Deno.ChildProcess,
    private readonly lines: Lines,
    private readonly errors: Lines,
    readonly port: number,
    /** Port at which connections are dropped, or never answered. */
    readonly rudePort: number,
    private readonly scheme: "ws" | "wss",
  ) {}

  /** @param certificate Makes it speak TLS. */
  static async start(certificate?: Certificate): Promise<Peer> {
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-prompt",
        SCRIPT,
        ...certificate === undefined ? [] : [certificate.cert, certificate.key],
      ],
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    const lines = Lines.of(process.stdout);
    const errors = Lines.of(process.stderr);
    const port = async (name: string) =>
      Number(JSON.parse(await lines.next((line) => line.startsWith(`["${name}"`)))[1]);
    return new Peer(
      process,
      lines,
      errors,
      await port("listening"),
      await port("rude"),
      certificate === undefined ? "ws" : "wss",
    );
  }

  /** Its URL. */
  url(path: string): string {
    return `${this.scheme}://${
      this.scheme === "wss" ? "localhost" : "127.0.0.1"
    }:${this.port}${path}`;
  }

  /** URL at which it is rude: `/hang` never answers, `/drop` ends after the first message, others at once. */
  rude(path: string): string {
    return `ws://127.0.0.1:${this.rudePort}${path}`;
  }

  /** The next that it says of this kind and path. */
  async says(kind: "message" | "close", path: string): Promise<unknown> {
    const line = await this.lines.next((line) => line.startsWith(`["${kind}","${path}"`));
    return JSON.parse(line)[2];
  }

  /** How often it has said so. */
  count(kind: "message" | "close", path: string): number {
    return this.lines.all.filter((line) => line.startsWith(`["${kind}","${path}"`)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await Promise.all([this.process.status, this.lines.end(), this.errors.end()]);
  }
}

/** A certificate, by default for localhost, of an authority that nobody knows yet. */
export class Certificate implements Disposable {
  private constructor(private readonly folder: string) {}

  static async make(name = "localhost"): Promise<Certificate> {
    const folder = Deno.makeTempDirSync({ prefix: "switchboard_" });
    const openssl = async (...args: string[]) => {
      const { success, stderr } = await new Deno.Command("openssl", { args, cwd: folder }).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
    };
    await openssl(
      "req",
      "-x509",
      ...NEW_KEY,
      "-nodes",
      "-days",
      "2",
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-subj",
      "/CN=Test authority",
    );
    await openssl(
      "req",
      ...NEW_KEY,
      "-nodes",
      "-keyout",
      "key.pem",
      "-out",
      "request.pem",
      "-subj",
      `/CN=${name}`,
    );
    Deno.writeTextFileSync(join(folder, "extensions"), `subjectAltName=DNS:${name}\n`);
    await openssl(
      "x509",
      "-req",
      "-in",
      "request.pem",
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "2",
      "-extfile",
      "extensions",
      "-out",
      "cert.pem",
    );
    return new Certificate(folder);
  }

  get authority(): string {
    return join(this.folder, "ca.pem");
  }

  get cert(): string {
    return join(this.folder, "cert.pem");
  }

  get key(): string {
    return join(this.folder, "key.pem");
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}
