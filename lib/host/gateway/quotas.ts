import { TokenBucket } from "../../base/token_bucket.ts";
import { WAITS } from "../../base/waits.ts";
import { networkOf } from "./address.ts";
import type { GatewayService } from "./service.ts";

/** Limits by kind; 0: no limit. */
export interface QuotaLimits {
  /** Sessions at a time. */
  sessions: number;
  /** Sessions of a user at a time. */
  sessionsPerUser: number;
  /** Sessions of an address at a time. */
  sessionsPerAddress: number;
  /** Handshakes of an address a second. */
  handshakesPerSecPerAddress: number;
  /** Wrong credentials of an address a minute. */
  wrongCredentialsPerMinPerAddress: number;
}

/** The reached limit. */
export type Shortage = "server" | "user" | "address";

/** Addresses that are kept before those that have done nothing are forgotten. */
const MAX_ADDRESSES = 65_536;
/** How often it is looked for those, ms. */
const LOOK_EVERY_MS = 1_000;

/** Counts sessions and handshakes, by server, user and address. */
export class Quotas {
  #sessions = 0;
  readonly #users = new Map<string, number>();
  readonly #addresses = new Map<string, number>();
  /** Places of sessions that have not opened yet, and how long they are kept for them, the oldest first. */
  readonly #reserved = new Map<Place, number>();
  /** How many of them each owner has. */
  readonly #opening = new Map<string, number>();
  readonly #handshakes: Rate;
  readonly #wrong: Rate;

  /** @param placeMs How long a place is kept for a session that does not open. */
  constructor(
    private readonly limits: QuotaLimits,
    private readonly placeMs: number = WAITS.placeMs,
  ) {
    const { handshakesPerSecPerAddress, wrongCredentialsPerMinPerAddress } = limits;
    this.#handshakes = new Rate(handshakesPerSecPerAddress, handshakesPerSecPerAddress);
    this.#wrong = new Rate(wrongCredentialsPerMinPerAddress / 60, wrongCredentialsPerMinPerAddress);
  }

  /** Whether the address may try a handshake now; counts it. */
  mayShakeHands(address: string): boolean {
    return this.#handshakes.take(networkOf(address), 1);
  }

  /** Whether the address may try a credential now. */
  mayTry(address: string): boolean {
    return this.#wrong.has(networkOf(address));
  }

  /** The address has sent Wrong credentials. */
  wasWrong(address: string): void {
    this.#wrong.spend(networkOf(address), 1);
  }

  /**
   * Whether the address may guess now: counts it as Wrong credentials at once, so that many guesses at a time are
   * no way round. {@linkcode wasRight} takes that back.
   */
  mayGuess(address: string): boolean {
    return this.#wrong.take(networkOf(address), 1);
  }

  /** A guess was none. */
  wasRight(address: string): void {
    this.#wrong.spend(networkOf(address), -1);
  }

  /** The limit that prevents one more session; null: none. */
  shortage(address: string, user: string | null): Shortage | null {
    const { sessions, sessionsPerUser, sessionsPerAddress } = this.limits;
    this.#expire();
    if (sessions > 0 && this.#sessions >= sessions) return "server";
    const ofAddress = this.#addresses.get(networkOf(address)) ?? 0;
    if (sessionsPerAddress > 0 && ofAddress >= sessionsPerAddress) return "address";
    const ofUser = user === null ? 0 : this.#users.get(user) ?? 0;
    if (sessionsPerUser > 0 && ofUser >= sessionsPerUser) return "user";
    return null;
  }

  /**
   * Takes a place for a session that is about to open.
   *
   * @param owner Name of its owner.
   */
  reserve(address: string, user: string | null, owner: string): Place {
    const place = new Place(this, networkOf(address), user, owner);
    place.take();
    this.#reserved.set(place, performance.now() + this.placeMs);
    add(this.#opening, owner, 1);
    return place;
  }

  /** Sessions of this owner that are about to open: it does not know them yet. */
  opening(owner: string): number {
    this.#expire();
    return this.#opening.get(owner) ?? 0;
  }

  /** Counts a session more or less; for {@linkcode Place}. */
  count({ network, user }: Place, change: 1 | -1): void {
    this.#sessions += change;
    add(this.#addresses, network, change);
    if (user !== null) add(this.#users, user, change);
  }

  /** A place need not be kept any more: its session is open, or has ended; for {@linkcode Place}. */
  settled(place: Place): void {
    if (this.#reserved.delete(place)) add(this.#opening, place.owner, -1);
  }

  /** For clients that disconnected before their session opened. */
  #expire(): void {
    const now = performance.now();
    for (const [place, until] of this.#reserved) {
      if (until > now) return;
      place.ended();
    }
  }
}

/** A place among the sessions; all may be called as often as you like. */
export class Place {
  #isTaken = false;

  constructor(
    private readonly quotas: Quotas,
    readonly network: string,
    readonly user: string | null,
    readonly owner: string,
  ) {}

  take(): void {
    if (!this.#isTaken) this.quotas.count(this, 1);
    this.#isTaken = true;
  }

  /** The session is open: the place is its own until it ends. */
  opened(): void {
    this.quotas.settled(this);
    this.take();
  }

  ended(): void {
    this.quotas.settled(this);
    if (this.#isTaken) this.quotas.count(this, -1);
    this.#isTaken = false;
  }
}

/** Whether a service has reached its limit of sessions, those included that are about to open. */
export function isFull({ owner, sessions, maxSessions }: GatewayService, quotas: Quotas): boolean {
  return maxSessions > 0 && sessions + quotas.opening(owner.name) >= maxSessions;
}

/** A rate of each of many. */
class Rate {
  readonly #buckets = new Map<string, TokenBucket>();
  #lookedAt = -Infinity;

  constructor(private readonly perSec: number, private readonly capacity: number) {}

  take(key: string, count: number): boolean {
    if (this.capacity === 0) return true;
    const now = performance.now();
    return this.#bucket(key, now).take(count, this.perSec, now, this.capacity);
  }

  /** Takes, whether there is as much or not. */
  spend(key: string, count: number): void {
    if (this.capacity === 0) return;
    const now = performance.now();
    this.#bucket(key, now).spend(count, this.perSec, now, this.capacity);
  }

  #bucket(key: string, now: number): TokenBucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_ADDRESSES) this.#forget(now);
      this.#buckets.set(key, bucket = new TokenBucket(this.capacity, now));
    }
    return bucket;
  }

  /** Whether there is a token left; takes none. */
  has(key: string): boolean {
    return this.#buckets.get(key)?.has(1, this.perSec, performance.now(), this.capacity) ?? true;
  }

  /** Those that have all their tokens are as if they had never been there; if none has, the oldest goes. */
  #forget(now: number): void {
    // To look at all of them for each that comes would be a way to keep the server busy.
    if (now - this.#lookedAt >= LOOK_EVERY_MS) {
      this.#lookedAt = now;
      for (const [key, bucket] of this.#buckets) {
        if (bucket.has(this.capacity, this.perSec, now, this.capacity)) this.#buckets.delete(key);
      }
    }
    if (this.#buckets.size >= MAX_ADDRESSES) {
      this.#buckets.delete(this.#buckets.keys().next().value!);
    }
  }
}

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count <= 0) counts.delete(key);
  else counts.set(key, count);
}
