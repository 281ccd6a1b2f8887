import {
  errors,
  importSPKI,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from "jose";
import { resolve } from "@std/path";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import type { JwtSettings } from "../service/mod.ts";
import type { Identity } from "../../model/mod.ts";
import { identityOf } from "./identity.ts";
import { RemoteKeys } from "./remote_keys.ts";

/** Shortest secret, bytes (RFC 7518, section 3.2, for HS256). */
const LEAST_SECRET = 32;
/** Roles that a token may have. */
const MAX_ROLES = 256;

/** Shortest RSA key, bits (RFC 7518, section 3.3). */
const LEAST_RSA = 2048;

/** A problem with a token; other errors are not the token's fault. */
export class WrongToken extends Error {
  override name = "WrongToken";

  /**
   * @param message The message never holds any of the token.
   * @param isGenuine Whether its signature is right all the same: it has expired, or is meant for another audience.
   */
  constructor(message: string, readonly isGenuine: boolean) {
    super(message);
  }
}

/** Checks JSON Web Tokens (RFC 7519). */
export class JwtVerifier {
  private constructor(
    private readonly key: JWTVerifyGetKey,
    private readonly remote: RemoteKeys | null,
    private readonly options: JWTVerifyOptions,
    private readonly rolesClaim: string,
    private readonly clockSkewSec: number,
  ) {}

  /**
   * Reads the key.
   *
   * @param root The root that is served; files are relative to it.
   * @param onError Called when keys cannot be fetched, and the current ones stay valid.
   * @param before The previous verifier of the same settings: its keys stay valid until their URL answers.
   * @throws {SwitchboardError} `SB_AUTH`, if the key is not there, too short, or none for the algorithms.
   */
  static async open(
    settings: JwtSettings,
    root: string,
    onError: (message: string) => void,
    before: JwtVerifier | null = null,
  ): Promise<JwtVerifier> {
    const { jwksUrl, algorithms, issuer, audience, clockSkewSec = 5, rolesClaim = "roles" } =
      settings;
    const options: JWTVerifyOptions = {
      algorithms: [...algorithms],
      clockTolerance: clockSkewSec,
      requiredClaims: ["sub", ...(settings.requireExpiry === true ? ["exp"] : [])],
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    };
    checkSource(settings);
    const remote = jwksUrl === undefined
      ? null
      : before?.remote ?? new RemoteKeys(jwksUrl, onError);
    if (before !== null) remote?.expire();
    const key: JWTVerifyGetKey = remote === null
      ? await localKey(settings, root)
      : (header, token) => remote.find(header, token);
    return new JwtVerifier(key, remote, options, rolesClaim, clockSkewSec);
  }

  /**
   * The user of a token.
   *
   * @throws {WrongToken} Why the token is wrong; the message never holds any of it.
   * @throws {Error} If tokens cannot be checked, for example because the keys cannot be fetched.
   */
  async verify(token: string): Promise<Identity> {
    try {
      const payload = await this.#payloadOf(token);
      return identityOf({ idProvider: "jwt", ...this.#claims(payload) });
    } catch (error) {
      if (error instanceof errors.JOSEError) {
        throw new WrongToken(problemOf(error), isSigned(error));
      }
      throw error;
    }
  }

  async #payloadOf(token: string): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, this.key, this.options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // It does not say which key it is signed with.
      for await (const key of error) {
        try {
          return (await jwtVerify(token, key, this.options)).payload;
        } catch (error) {
          if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }

  #claims(payload: JWTPayload) {
    const text = (name: string) => {
      const value = payload[name];
      return typeof value === "string" && value !== "" ? value.slice(0, 256) : undefined;
    };
    if (typeof payload.sub !== "string" || payload.sub === "") {
      throw new WrongToken('The token has no subject ("sub")', true);
    }
    if (payload.sub.length > 256) {
      throw new WrongToken(`The token's subject ("sub") is longer than 256 characters`, true);
    }
    return {
      id: payload.sub,
      login: text("preferred_username"),
      displayName: text("name"),
      email: text("email"),
      roles: rolesOf(claimAt(payload, this.rolesClaim)),
      expiresAt: payload.exp === undefined ? null : (payload.exp + this.clockSkewSec) * 1000,
    };
  }
}

/** Makes sure that there is one source of keys, and that its keys are of the algorithms. */
function checkSource(settings: JwtSettings): void {
  const { secretEnv, secretFile, publicKeyFile, jwksUrl, algorithms } = settings;
  const sources = Object.entries({ secretEnv, secretFile, publicKeyFile, jwksUrl })
    .filter(([, value]) => value !== undefined).map(([name]) => name);
  if (sources.length !== 1) {
    throw wrong(
      'needs one of "secretEnv", "secretFile", "publicKeyFile" and "jwksUrl", ' +
        `got ${sources.length === 0 ? "none" : sources.map((name) => `"${name}"`).join(" and ")}`,
    );
  }
  const isSecret = secretEnv !== undefined || secretFile !== undefined;
  // A public key used as a secret would let anyone sign tokens.
  const other = algorithms.find((name) => name.startsWith("HS") !== isSecret);
  if (other !== undefined) {
    throw wrong(
      isSecret
        ? `"${other}" needs a public key, got a secret: use "publicKeyFile" or "jwksUrl"`
        : `"${other}" needs a secret, got a public key: use "secretEnv" or "secretFile"`,
    );
  }
}

async function localKey(settings: JwtSettings, root: string): Promise<JWTVerifyGetKey> {
  const { secretEnv, secretFile, publicKeyFile, algorithms } = settings;
  if (publicKeyFile !== undefined) return await publicKey(publicKeyFile, algorithms, root);
  const secret = secretEnv !== undefined
    ? Deno.env.get(secretEnv)
    : read(resolve(root, secretFile!), secretFile!).trim();
  const where = secretEnv !== undefined ? `environment variable ${secretEnv}` : `"${secretFile}"`;
  if (secret === undefined) throw wrong(`needs the ${where}, which is not set`);
  const bytes = new TextEncoder().encode(secret);
  if (bytes.length < LEAST_SECRET) {
    throw wrong(
      `needs a secret of at least ${LEAST_SECRET} bytes in ${where}, got ${bytes.length} ` +
        "(RFC 7518, section 3.2)",
    );
  }
  return () => bytes;
}

async function publicKey(
  file: string,
  algorithms: readonly string[],
  root: string,
): Promise<JWTVerifyGetKey> {
  const pem = read(resolve(root, file), file);
  const keys = new Map<string, CryptoKey>();
  for (const algorithm of algorithms) {
    try {
      const key = await importSPKI(pem, algorithm);
      const { modulusLength = LEAST_RSA } = key.algorithm as { modulusLength?: number };
      if (modulusLength < LEAST_RSA) {
        throw new Error(`it has ${modulusLength} bits, and ${LEAST_RSA} are the least`);
      }
      keys.set(algorithm, key);
    } catch (error) {
      throw wrong(
        `needs a public key (PEM, "PUBLIC KEY") for ${algorithm} in "${file}": ${messageOf(error)}`,
      );
    }
  }
  return ({ alg }) => keys.get(String(alg))!;
}

function read(path: string, shown: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw wrong(`cannot read "${shown}": ${messageOf(error)}`);
  }
}

/** A claim by its name, or by the path to it. */
function claimAt(payload: JWTPayload, claim: string): unknown {
  if (Object.hasOwn(payload, claim)) return payload[claim];
  return claim.split(".").reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined,
    payload,
  );
}

/** A list of texts, or a text with blanks between. */
function rolesOf(claim: unknown): string[] {
  const roles = typeof claim === "string" ? claim.split(" ") : Array.isArray(claim) ? claim : [];
  return roles.filter((role): role is string => typeof role === "string" && role !== "")
    .slice(0, MAX_ROLES);
}

/** Whether the signature was right: claims are looked at after it (RFC 7519, section 7.2). */
function isSigned(error: errors.JOSEError): boolean {
  return error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed;
}

/** The problem with a token, in words that contain nothing of it. */
function problemOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "The token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "nbf" && error.reason !== "missing") return "The token is not valid yet";
    const what = error.reason === "missing" ? "is missing" : "does not match this server";
    return `The token's "${error.claim}" claim ${what}`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return `The token's algorithm is not listed in "auth.jwt.algorithms"`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return "The token's signature is wrong";
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return "The token is signed with an unknown key";
  }
  return "Malformed token";
}

function wrong(problem: string): SwitchboardError {
  return new SwitchboardError("SB_AUTH", `"auth.jwt" in switchboard.json ${problem}`);
}
