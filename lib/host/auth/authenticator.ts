import { messageOf } from "../../base/errors.ts";
import type { AuthOutcome, AuthRequest, Identity } from "../../model/mod.ts";
import { credentialOf, type CredentialPlaces } from "./credentials.ts";
import { type JwtVerifier, WrongToken } from "./jwt.ts";
import type { PasswordFile } from "./password_file.ts";

/** The operator's own module that authenticates requests. */
export interface AuthModule {
  authenticate(asking: AuthRequest): Promise<AuthOutcome>;
}

/** The configured ways to authenticate. */
export interface AuthenticatorParts {
  jwt: JwtVerifier | null;
  passwords: PasswordFile | null;
  module: AuthModule | null;
  cookie: string | null;
  queryParam: string | null;
  /** Whether a session ends when its token does. */
  expires: boolean;
}

/** Authenticates requests. Wrong credentials are an error, never an anonymous client. */
export class Authenticator {
  readonly #places: CredentialPlaces;

  constructor(private readonly parts: AuthenticatorParts) {
    this.#places = {
      tokens: parts.jwt !== null,
      cookie: parts.cookie,
      queryParam: parts.queryParam,
      passwords: parts.passwords !== null,
    };
  }

  /** The challenges of a 401 (RFC 9110, section 11.6.1). */
  challenges(isWrong: boolean): string[] {
    const error = isWrong ? ', error="invalid_token"' : "";
    return [
      ...(this.parts.jwt !== null || this.parts.passwords === null
        ? [`Bearer realm="switchboard"${error}`]
        : []),
      ...(this.parts.passwords !== null ? ['Basic realm="switchboard", charset="UTF-8"'] : []),
    ];
  }

  /** Whether it could be one of many guesses: a password can, a signature cannot. */
  isGuess({ headers, url, cookies }: AuthRequest): boolean {
    return credentialOf(headers, url, cookies, this.#places)?.kind === "password";
  }

  /** Authenticates a request. Never rejects. */
  async identify(asking: AuthRequest): Promise<AuthOutcome> {
    const { headers, url, cookies } = asking;
    const credential = credentialOf(headers, url, cookies, this.#places);
    try {
      switch (credential?.kind) {
        case "broken":
          return { wrong: credential.why };
        case "token":
          return { identity: this.#lasting(await this.parts.jwt!.verify(credential.token)) };
        case "password": {
          const { login, password } = credential;
          const identity = await this.parts.passwords!.verify(login, password);
          return identity === null ? { wrong: "Wrong login or password" } : { identity };
        }
      }
    } catch (error) {
      const message = messageOf(error);
      if (!(error instanceof WrongToken)) return { unavailable: message };
      return { wrong: message, isGenuine: error.isGenuine };
    }
    return await this.parts.module?.authenticate(asking) ?? { identity: null };
  }

  #lasting(identity: Identity): Identity {
    return this.parts.expires ? identity : { ...identity, expiresAt: null };
  }
}
