import type { Endpoint } from "./endpoint.ts";
import type { NeutralReply, NeutralRequest } from "../model/mod.ts";
import { link } from "./link.ts";
import type { LoadController } from "./system.ts";

type Authenticate = (request: Request, info: { remoteAddress: string }) => unknown;

/** Loads the module of `auth.module`, which says of each request which user sends it. */
export const loadAuthModule: LoadController = async ({ file }, loader) => {
  const exports = await loader.load(file);
  const own = exports.default as Record<string, unknown> | undefined;
  const authenticate = exports.authenticate ?? own?.authenticate;
  if (typeof authenticate !== "function") {
    throw new TypeError("It must export a function authenticate(request)");
  }
  return new AuthEndpoint(authenticate as Authenticate);
};

class AuthEndpoint implements Endpoint {
  constructor(private readonly authenticate: Authenticate) {}

  async request(request: NeutralRequest): Promise<NeutralReply> {
    try {
      const { url, method, addresses } = request;
      const headers = new Headers(request.headers);
      const asked = new Request(url, { method, headers });
      const answer = await this.authenticate(asked, { remoteAddress: addresses[0] });
      return reply(200, JSON.stringify(answer ?? null));
    } catch (error) {
      link().logError("authenticate(): ", error);
      return reply(500, "null");
    }
  }

  event(): void {}
}

function reply(status: number, body: string): NeutralReply {
  return { status, headers: [], cookies: [], body, accept: null };
}
