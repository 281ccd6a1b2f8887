import { resolve } from "@std/path";
import type { Authenticator, AuthModule, JwtVerifier } from "./auth/mod.ts";
import { outcomeOf } from "./auth/module_answer.ts";
import { messageOf, SwitchboardError } from "../base/errors.ts";
import { Supervisor, type SupervisorOptions } from "./supervisor/mod.ts";
import { authModuleDefinition, type Settings } from "./service/mod.ts";
import type { AuthOutcome, AuthRequest, NeutralRequest } from "../model/mod.ts";

/** Authentication as the settings configure it; it can be reloaded while the server runs. */
export class Authentication {
  #authenticator: Authenticator | null = null;
  #jwt: JwtVerifier | null = null;
  readonly #module: Supervisor | null;
  #reloaded: Promise<void> = Promise.resolve();
  #isStopped = false;

  private constructor(
    private readonly root: string,
    private readonly settings: Settings,
    private readonly hostOf: (key: string) => SupervisorOptions,
  ) {
    const { auth } = settings;
    const definition = auth.module === undefined ? null : authModuleDefinition(root, auth);
    this.#module = definition === null ? null : new Supervisor(definition, hostOf(definition.key));
  }

  /**
   * Reads keys and users, and starts the module; null: authentication is not configured.
   *
   * @param hostOf The parts of the server that a module's isolate needs, by its name.
   * @throws {SwitchboardError} `SB_AUTH`, if a key, a file or the module is not there or not as it should be;
   * or why the module does not start.
   */
  static async open(
    root: string,
    settings: Settings,
    hostOf: (key: string) => SupervisorOptions,
  ): Promise<Authentication | null> {
    const { jwt, basic, module } = settings.auth;
    if (jwt === undefined && basic === undefined && module === undefined) return null;
    const host = new Authentication(root, settings, hostOf);
    const use = await host.#read();
    await host.#module?.start();
    use();
    return host;
  }

  /** Authenticates requests, with the settings that were read last. */
  get authenticator(): Authenticator {
    return this.#authenticator!;
  }

  /**
   * Reloads keys and users, and swaps the module; the old one answers its pending requests. A call
   * during another one comes after it.
   *
   * @throws {SwitchboardError} As {@linkcode open}; then all stays as it was. `SB_ISOLATE_GONE`, if it was
   * stopped meanwhile.
   */
  async reload(): Promise<void> {
    const reloaded = this.#reloaded.then(() => this.#reload());
    this.#reloaded = reloaded.catch(() => {});
    await reloaded;
  }

  /** Ends the module's isolate, and the one that is being started. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#module?.stop();
  }

  async #reload(): Promise<void> {
    const use = await this.#read();
    if (this.#isStopped) throw new SwitchboardError("SB_ISOLATE_GONE", "The server has stopped");
    if (this.#module === null) use();
    else await this.#module.swap(authModuleDefinition(this.root, this.settings.auth), use);
  }

  /** Reads keys and users; the returned function puts them to use. */
  async #read(): Promise<() => void> {
    // Loaded only here: a server without authentication needs neither tokens nor passwords.
    const { Authenticator, JwtVerifier, PasswordFile } = await import("./auth/mod.ts");
    const { auth: { jwt, basic }, limits } = this.settings;
    const onError = (message: string) => this.hostOf("auth").log("ERROR", message);
    const verifier = jwt === undefined
      ? null
      : await JwtVerifier.open(jwt, this.root, onError, this.#jwt);
    const authenticator = new Authenticator({
      jwt: verifier,
      passwords: basic === undefined
        ? null
        : new PasswordFile(resolve(this.root, basic.file), basic.file, onError),
      module: this.#module === null
        ? null
        : new IsolatedModule(this.#module, limits.requestTimeoutMs),
      cookie: jwt?.cookie ?? null,
      queryParam: jwt?.queryParam ?? null,
      expires: jwt?.closeOnExpiry ?? true,
    });
    return () => {
      this.#jwt = verifier;
      this.#authenticator = authenticator;
    };
  }
}

/** The operator's module, in its isolate. */
class IsolatedModule implements AuthModule {
  constructor(private readonly supervisor: Supervisor, private readonly timeoutMs: number) {}

  async authenticate(asking: AuthRequest): Promise<AuthOutcome> {
    try {
      const { status, body } = await this.supervisor.request(requestOf(asking), this.timeoutMs);
      if (status !== 200) return { unavailable: "The auth module has failed" };
      return outcomeOf(String(body));
    } catch (error) {
      return { unavailable: messageOf(error) };
    }
  }
}

function requestOf({ id, headers, url, method, cookies, address }: AuthRequest): NeutralRequest {
  const { protocol, hostname, port, pathname } = new URL(url);
  return {
    id,
    endpoint: "auth",
    route: null,
    method,
    url,
    scheme: protocol.slice(0, -1),
    host: hostname,
    port: Number(port),
    path: pathname,
    rawPath: pathname,
    contextPath: "",
    addresses: [address],
    headers: [...headers],
    cookies,
    body: null,
    upgrade: false,
    identity: null,
  };
}
