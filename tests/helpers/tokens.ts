import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from "jose";

/** A secret that is long enough for HS256. */
export const SECRET = "a secret of the tests, 32 bytes or more";

/** A token of HS256, by default of Ada and good for an hour. */
export function tokenOf(
  claims: JWTPayload = {},
  options: { secret?: string; expires?: string | number | null; alg?: string } = {},
): Promise<string> {
  const { secret = SECRET, expires = "1h", alg = "HS256" } = options;
  const token = new SignJWT({ sub: "ada", ...claims }).setProtectedHeader({ alg });
  if (expires !== null) token.setExpirationTime(expires);
  return token.sign(new TextEncoder().encode(secret));
}

/** A pair of keys, and tokens of it. */
export class KeyPair {
  private constructor(
    readonly alg: string,
    readonly kid: string,
    readonly publicKey: CryptoKey,
    private readonly privateKey: CryptoKey,
  ) {}

  static async make(alg: string, kid = "one"): Promise<KeyPair> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    return new KeyPair(alg, kid, publicKey, privateKey);
  }

  /** The public key as PEM. */
  pem(): Promise<string> {
    return exportSPKI(this.publicKey);
  }

  /** The public key as a JWKS has it. */
  async jwk(): Promise<Record<string, unknown>> {
    return { ...await exportJWK(this.publicKey), kid: this.kid, alg: this.alg, use: "sig" };
  }

  /** A token that this key has signed, by default good for an hour; without `kid` it does not say by which. */
  token(claims: JWTPayload = {}, { kid = this.kid }: { kid?: string | null } = {}) {
    const token = new SignJWT({ sub: "ada", ...claims })
      .setProtectedHeader({ alg: this.alg, ...kid !== null && { kid } });
    if (claims.exp === undefined) token.setExpirationTime("1h");
    return token.sign(this.privateKey);
  }
}
