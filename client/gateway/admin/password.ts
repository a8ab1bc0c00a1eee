/**
 * Passwords of the gateway's operators: bcrypt hashes, as gatewayd has them. A check costs a tenth of a second of CPU,
 * which nobody may have for nothing: what was right is remembered by its hash, and what was not is checked at a rate,
 * for strangers and for this machine apart.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import bcrypt from "bcryptjs";
import type { Address, Clock } from "../../../actors/platform/platform.ts";
import { sourceOf } from "../../../actors/platform/source.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { equalBytesConstantTime, utf8 } from "../../../core/bytes.ts";
import { Recent } from "../../../core/recent.ts";
import { TokenBucket } from "../../../core/token_bucket.ts";
import { PASSWORD_BYTES_MAX, PASSWORD_CHECKS, PASSWORD_CHECKS_OF_SOURCE, SOURCES_KEPT_MIN } from "../limits.ts";

/** What a password is for. */
export type Role = "admin" | "liquidity_manager";

/** Bcrypt hashes, as text. */
export type PasswordHashes = {
  readonly admin: string;
  readonly liquidityManager: string | null;
};

/** Whether a text is a bcrypt hash of a form and a cost that this program takes. */
export function isBcryptHash(text: string): boolean {
  const [, cost] = /^\$2[abxy]\$([0-9]{2})\$[./A-Za-z0-9]{53}$/.exec(text) ?? [];
  return cost !== undefined && Number(cost) >= 4 && Number(cost) <= 16;
}

/** The hash of a password, as `gateway-cli create-password-hash` makes it. */
export function hashPassword(password: string, cost = 10): Promise<string> {
  return bcrypt.hash(password, cost);
}

export class AdminPassword {
  readonly #hashes: PasswordHashes;
  readonly #clock: Clock;
  readonly #strangers: TokenBucket;
  readonly #own: TokenBucket;
  readonly #sources = new Recent<TokenBucket>(SOURCES_KEPT_MIN);
  /** SHA-256 of tokens that were right: one a role. */
  readonly #known = new Map<Role, Bytes>();

  constructor(hashes: PasswordHashes, clock: Clock) {
    this.#hashes = hashes;
    this.#clock = clock;
    this.#strangers = new TokenBucket(PASSWORD_CHECKS, clock.monotonicMs());
    this.#own = new TokenBucket(PASSWORD_CHECKS, clock.monotonicMs());
  }

  /** Whose password it is; null for nobody's; `busy`: too many were wrong lately, and this one was not looked at. */
  async roleOf(password: string, remote: Address): Promise<Role | null | "busy"> {
    const bytes = utf8(password);
    if (bytes.length === 0 || bytes.length > PASSWORD_BYTES_MAX) return null;
    const digest = sha256(bytes) as Bytes;
    for (const [role, known] of this.#known) if (equalBytesConstantTime(known, digest)) return role;
    const bucket = isLoopback(remote.hostname) ? this.#own : this.#strangers, nowMs = this.#clock.monotonicMs();
    const source = this.#sourceOf(remote, nowMs);
    if (source && source.left(nowMs) < 1 || !bucket.tryTake(1, nowMs)) return "busy";
    source?.take(1, nowMs);
    for (const role of ["admin", "liquidity_manager"] as const) {
      const hash = role === "admin" ? this.#hashes.admin : this.#hashes.liquidityManager;
      if (hash === null || !await bcrypt.compare(password, hash)) continue;
      this.#known.set(role, digest);
      bucket.give(1);
      return role;
    }
    return null;
  }

  /** What one address has of all strangers' checks; null for those behind which everybody may stand. */
  #sourceOf(remote: Address, nowMs: number): TokenBucket | null {
    const source = sourceOf(remote);
    if (source === null) return null;
    const bucket = this.#sources.get(source) ?? new TokenBucket(PASSWORD_CHECKS_OF_SOURCE, nowMs);
    this.#sources.set(source, bucket);
    return bucket;
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === "::1" || hostname.startsWith("127.") || hostname.startsWith("::ffff:127.");
}
