import {
  createRemoteJWKSet,
  errors,
  importSPKI,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from "jose";
import { resolve } from "@std/path";
import { messageOf, SwitchboardError } from "../errors.ts";
import type { JwtSettings } from "../service/mod.ts";
import type { Identity } from "../wire/mod.ts";
import { identityOf } from "./identity.ts";

/** Least length of a secret, bytes: what RFC 7518, section 3.2 asks of HS256. */
const LEAST_SECRET = 32;
/** How long keys of a URL are taken for good, ms. */
const JWKS_MAX_AGE_MS = 600_000;
/** Least time between two looks at the URL: tokens with unknown keys cannot make us ask without end. */
const JWKS_COOLDOWN_MS = 30_000;
/** How long the URL may take to answer, ms. */
const JWKS_TIMEOUT_MS = 5_000;
/** Roles that a token may have. */
const MAX_ROLES = 256;

/** Shortest RSA key, bits (RFC 7518, section 3.3). */
const LEAST_RSA = 2048;

/** What is wrong with a token; anything else that goes wrong is not the token's fault. */
export class WrongToken extends Error {
  override name = "WrongToken";

  /**
   * @param message The message never holds any of the token.
   * @param isGenuine Whether its signature is right all the same: it has expired, or is meant for somebody else.
   */
  constructor(message: string, readonly isGenuine: boolean) {
    super(message);
  }
}

/** Checks JSON Web Tokens (RFC 7519). */
export class JwtVerifier {
  private constructor(
    private readonly key: JWTVerifyGetKey,
    private readonly options: JWTVerifyOptions,
    private readonly rolesClaim: string,
    private readonly clockSkewSec: number,
  ) {}

  /**
   * Reads the key.
   *
   * @param root The root that is served; files are relative to it.
   * @throws {SwitchboardError} `SB_AUTH`, if the key is not there, too short, or none for the algorithms.
   */
  static async open(settings: JwtSettings, root: string): Promise<JwtVerifier> {
    const { algorithms, issuer, audience, clockSkewSec = 5, rolesClaim = "roles" } = settings;
    const options: JWTVerifyOptions = {
      algorithms: [...algorithms],
      clockTolerance: clockSkewSec,
      requiredClaims: ["sub", ...(settings.requireExpiry === true ? ["exp"] : [])],
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    };
    return new JwtVerifier(await keyOf(settings, root), options, rolesClaim, clockSkewSec);
  }

  /**
   * The user of a token.
   *
   * @throws {WrongToken} Why the token is wrong; the message never holds any of it.
   * @throws {Error} Why nobody knows: the keys cannot be fetched, for example.
   */
  async verify(token: string): Promise<Identity> {
    try {
      const { payload } = await jwtVerify(token, this.key, this.options);
      return identityOf({ idProvider: "jwt", ...this.#claims(payload) });
    } catch (error) {
      if (error instanceof errors.JOSEError) {
        throw new WrongToken(problemOf(error), isSigned(error));
      }
      throw error;
    }
  }

  #claims(payload: JWTPayload) {
    const text = (name: string) => {
      const value = payload[name];
      return typeof value === "string" && value !== "" ? value.slice(0, 256) : undefined;
    };
    if (typeof payload.sub !== "string" || payload.sub === "") {
      throw new WrongToken("a token without a subject", true);
    }
    if (payload.sub.length > 256) {
      throw new WrongToken("a token with a subject of more than 256 characters", true);
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

async function keyOf(settings: JwtSettings, root: string): Promise<JWTVerifyGetKey> {
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
  // Who took a public key for a secret would let everybody sign.
  const other = algorithms.find((name) => name.startsWith("HS") !== isSecret);
  if (other !== undefined) {
    throw wrong(
      isSecret
        ? `"${other}" needs a public key, got a secret: use "publicKeyFile" or "jwksUrl"`
        : `"${other}" needs a secret, got a public key: use "secretEnv" or "secretFile"`,
    );
  }
  if (jwksUrl !== undefined) return remoteKeys(jwksUrl);
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

function remoteKeys(url: string): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: JWKS_MAX_AGE_MS,
    cooldownDuration: JWKS_COOLDOWN_MS,
    timeoutDuration: JWKS_TIMEOUT_MS,
  });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      const isAboutToken = error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported;
      if (isAboutToken) throw error;
      throw new Error(
        `Cannot get the keys of "auth.jwt" from ${url}: ${messageOf(error)}`,
      );
    }
  };
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

/** What is wrong with a token, in words that hold nothing of it. */
function problemOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "an expired token";
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `a token whose "${error.claim}" is ${
      error.reason === "missing" ? "missing" : "another"
    }`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return "a token of an algorithm that is not listed";
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return "a token with a wrong signature";
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return "a token that is signed with an unknown key";
  }
  return "what is no token";
}

function wrong(problem: string): SwitchboardError {
  return new SwitchboardError("SB_AUTH", `"auth.jwt" in switchboard.json ${problem}`);
}
