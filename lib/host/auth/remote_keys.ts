import {
  createRemoteJWKSet,
  type CryptoKey,
  customFetch,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
} from "jose";
import { messageOf } from "../../base/errors.ts";

/** How long keys are taken for good without another look, ms. */
const MAX_AGE_MS = 600_000;
/** Least time between two looks at the URL: tokens with unknown keys cannot make us ask without end. */
const COOLDOWN_MS = 30_000;
/** The same after a failure: tokens with new keys are rejected until the next look, so it comes sooner. */
const RETRY_MS = 5_000;
/** How long the URL may take to answer, ms. */
const TIMEOUT_MS = 5_000;
/**
 * How long keys stay valid while the URL fails: as long as tokens live that were issued before. Without an end,
 * an attacker who blocks the URL could keep a stolen and withdrawn key alive.
 */
const KEEP_HOURS = 24;

/** The public keys at a URL (RFC 7517, section 5), as they were when we last could look. */
export class RemoteKeys {
  // When to look is decided here: jose's own waits begin only after a look that was a success.
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  #gotAt = -Infinity;
  #lookedAt = -Infinity;
  #look: Promise<void> | null = null;
  /** Why the last look failed; null: it did not, or there was none. */
  #failure: Error | null = null;

  /** @param onError Called when keys cannot be fetched, and the current ones stay valid. */
  constructor(private readonly url: string, private readonly onError: (message: string) => void) {
    this.#keys = createRemoteJWKSet(new URL(url), {
      cacheMaxAge: Infinity,
      cooldownDuration: Infinity,
      timeoutDuration: TIMEOUT_MS,
      [customFetch]: fetchKeys,
    });
  }

  /**
   * The key that a token is signed with.
   *
   * @throws {errors.JWKSNoMatchingKey} If there is none.
   * @throws {errors.JWKSMultipleMatchingKeys} If several fit; it lists them.
   * @throws {errors.JOSENotSupported} If it asks for an algorithm that keys at a URL are not for.
   * @throws {Error} If it is unknown because the URL fails.
   */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    if (this.#age >= MAX_AGE_MS) {
      const isFirst = this.#failure === null || this.#lookedAt === -Infinity;
      const look = this.#lookAgain();
      // A URL that has failed may take long to fail again: that must not delay clients whose key is known.
      if (isFirst || !this.#mayGoOn) await look;
    }
    if (!this.#mayGoOn) throw this.#failure;
    try {
      return await this.#choose(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await this.#lookAgain();
    if (this.#failure !== null) throw this.#failure;
    return await this.#choose(header, token);
  }

  async #choose(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    try {
      return await this.#keys(header, token);
    } catch (error) {
      const isAboutToken = error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported;
      throw isAboutToken ? error : this.#problem(error);
    }
  }

  /** The next token makes us look, however short ago that was. */
  expire(): void {
    this.#gotAt = Math.min(this.#gotAt, performance.now() - MAX_AGE_MS);
    this.#lookedAt = -Infinity;
  }

  get #age(): number {
    return performance.now() - this.#gotAt;
  }

  get #mayGoOn(): boolean {
    return this.#age < KEEP_HOURS * 3_600_000;
  }

  /** Looks at the URL, if that is due. Never rejects. */
  #lookAgain(): Promise<void> {
    if (this.#look !== null) return this.#look;
    const now = performance.now();
    if (now - this.#lookedAt < (this.#failure === null ? COOLDOWN_MS : RETRY_MS)) {
      return Promise.resolve();
    }
    this.#lookedAt = now;
    return this.#look = this.#read().finally(() => this.#look = null);
  }

  async #read(): Promise<void> {
    try {
      await this.#keys.reload();
      this.#gotAt = performance.now();
      this.#failure = null;
    } catch (error) {
      const isFirst = this.#failure === null;
      this.#failure = this.#problem(error);
      if (!isFirst || !this.#mayGoOn) return;
      this.onError(
        `${this.#failure.message}; the current keys stay valid for up to ${KEEP_HOURS} h`,
      );
    }
  }

  #problem(error: unknown): Error {
    return new Error(`Cannot get the keys of "auth.jwt" from ${this.url}: ${messageOf(error)}`);
  }
}

/** jose leaves the body of an error unread, which would hold its connection. */
async function fetchKeys(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (response.status !== 200) await response.body?.cancel();
  return response;
}
