import {
  type Dialect,
  type Endpoint,
  type EndpointSource,
  link,
  type Loader,
  type NeutralReply,
  type NeutralRequest,
} from "../wire/mod.ts";

type Authenticate = (request: Request, info: { remoteAddress: string }) => unknown;

/** The module of `auth.module`: runs in an isolate, and says of each request who sends it. */
export const authModule: Dialect = {
  async open({ file }: EndpointSource, loader: Loader): Promise<Endpoint> {
    const exports = await loader.load(file);
    const own = exports.default as Record<string, unknown> | undefined;
    const authenticate = exports.authenticate ?? own?.authenticate;
    if (typeof authenticate !== "function") {
      throw new TypeError("It must export a function authenticate(request)");
    }
    return new AuthEndpoint(authenticate as Authenticate);
  },
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
