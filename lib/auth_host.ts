import { resolve } from "@std/path";
import {
  type Asking,
  Authenticator,
  type AuthModule,
  JwtVerifier,
  type Outcome,
  outcomeOf,
  PasswordFile,
} from "./auth/mod.ts";
import { messageOf } from "./errors.ts";
import { type IsolateHost, Supervisor } from "./isolate/mod.ts";
import { authModuleDefinition, type Settings } from "./service/mod.ts";
import type { NeutralRequest } from "./wire/mod.ts";

/**
 * What tells who is asking, as the settings say; null: nobody is known.
 *
 * @param hostOf What the isolate of a module needs, by its name.
 * @param stopped Told what is to be stopped with the server.
 * @throws {SwitchboardError} `SB_AUTH`, if a key, a file or the module is not there or not as it should be.
 */
export async function openAuthenticator(
  root: string,
  { auth, limits }: Settings,
  hostOf: (key: string) => IsolateHost,
): Promise<{ authenticator: Authenticator; module: Supervisor | null } | null> {
  const { jwt, basic, module } = auth;
  if (jwt === undefined && basic === undefined && module === undefined) return null;
  const definition = module === undefined ? null : authModuleDefinition(root, auth);
  const supervisor = definition === null
    ? null
    : new Supervisor(definition, hostOf(definition.key));
  const onError = (message: string) => hostOf("auth").log("ERROR", message);
  const authenticator = new Authenticator({
    jwt: jwt === undefined ? null : await JwtVerifier.open(jwt, root, onError),
    passwords: basic === undefined ? null : new PasswordFile(
      resolve(root, basic.file),
      basic.file,
      onError,
    ),
    module: supervisor === null ? null : new IsolatedModule(supervisor, limits.requestTimeoutMs),
    cookie: jwt?.cookie ?? null,
    queryParam: jwt?.queryParam ?? null,
    expires: jwt?.closeOnExpiry ?? true,
  });
  await supervisor?.start();
  return { authenticator, module: supervisor };
}

/** The operator's module, in its isolate. */
class IsolatedModule implements AuthModule {
  constructor(private readonly supervisor: Supervisor, private readonly timeoutMs: number) {}

  async authenticate(asking: Asking): Promise<Outcome> {
    try {
      const { status, body } = await this.supervisor.request(requestOf(asking), this.timeoutMs);
      if (status !== 200) return { unavailable: "The auth module has failed" };
      return outcomeOf(String(body));
    } catch (error) {
      return { unavailable: messageOf(error) };
    }
  }
}

function requestOf({ id, headers, url, method, cookies, address }: Asking): NeutralRequest {
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
