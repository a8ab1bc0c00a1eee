/**
 * Accusations of forking. `fedimint-aleph-bft` alerts/handler.rs; docs/protocol/03-consensus.md §A9.
 *
 * For each (sender, forker) one alert counts: the first that came, or the one that a threshold has signed. Its units of
 * the forker become acceptable once it is confirmed, so that guardians who had accepted different variants can follow
 * each other.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import type { SignatureChecks } from "../keychain.ts";
import { AWAITED_ALERTS_MAX, SPARE_ALERTS_MAX } from "../limits.ts";
import type { Alert, ForkProof, SignedAlert } from "../messages.ts";
import { alertHash } from "../messages.ts";
import type { SignedUnit } from "../graph/unit.ts";

export type AlertOutcome =
  /** The alert that counts for its sender and forker: its multicast begins. */
  | { readonly kind: "recorded"; readonly hash: Bytes }
  /** Of its sender and forker another alert counts. */
  | { readonly kind: "kept" }
  /** We have it already. */
  | { readonly kind: "known" }
  /** Of another session: its sender lags behind, or is ahead of us. */
  | { readonly kind: "stale" }
  | { readonly kind: "refused" };

function pairOf(alert: Alert): string {
  return `${alert.sender}:${alert.proof.first.creator}`;
}

/** Two units of one creator and round in this session that are not the same, both signed. */
export function isFork({ first, second }: ForkProof, session: bigint, checks: SignatureChecks): boolean {
  return first.session === session && second.session === session && first.creator === second.creator &&
    first.round === second.round && first.key !== second.key && checks.unit(first) && checks.unit(second);
}

export class Alerts {
  readonly #checks: SignatureChecks;
  readonly #session: bigint;
  readonly #byHash = new Map<string, SignedAlert>();
  /** sender:forker → key of the alert that counts. */
  readonly #recorded = new Map<string, string>();
  /** sender:forker → keys of others, the oldest first. */
  readonly #spare = new Map<string, string[]>();
  /** Alerts that a threshold signed and that we don't have. */
  readonly #awaited = new Set<string>();

  constructor(checks: SignatureChecks, session: bigint) {
    this.#checks = checks;
    this.#session = session;
  }

  get size(): number {
    return this.#byHash.size;
  }

  /** All that are kept. */
  get all(): SignedAlert[] {
    return [...this.#byHash.values()];
  }

  byHash(hash: Bytes): SignedAlert | undefined {
    return this.#byHash.get(toHex(hash));
  }

  /** Whether single signatures of this alert's hash are collected. */
  counts(alert: Alert, hash: Bytes): boolean {
    return this.#recorded.get(pairOf(alert)) === toHex(hash);
  }

  addOwn(signed: SignedAlert, hash: Bytes): void {
    this.#byHash.set(toHex(hash), signed);
    this.#recorded.set(pairOf(signed.alert), toHex(hash));
  }

  receive(signed: SignedAlert): AlertOutcome {
    const { alert } = signed;
    const { first, second } = alert.proof;
    if (first.session !== this.#session && second.session === first.session) return { kind: "stale" };
    const hash = alertHash(alert);
    const key = toHex(hash);
    if (this.#byHash.has(key)) return { kind: "known" };
    if (!this.#checks.alert(alert, hash, signed.signature) || !isFork(alert.proof, this.#session, this.#checks)) {
      return { kind: "refused" };
    }
    const pair = pairOf(alert);
    this.#byHash.set(key, signed);
    if (this.#recorded.has(pair)) {
      if (!this.#awaited.delete(key)) this.#keepSpare(pair, key);
      return { kind: "kept" };
    }
    this.#awaited.delete(key);
    this.#recorded.set(pair, key);
    return { kind: "recorded", hash };
  }

  #keepSpare(pair: string, key: string): void {
    const spare = this.#spare.get(pair) ?? [];
    spare.push(key);
    this.#spare.set(pair, spare);
    if (spare.length > SPARE_ALERTS_MAX) this.#byHash.delete(spare.shift()!);
  }

  /** A threshold signed this hash, and we lack its alert: when it comes it is kept for good. */
  await(hash: Bytes): void {
    if (this.#awaited.size < AWAITED_ALERTS_MAX) this.#awaited.add(toHex(hash));
  }

  /**
   * A confirmed alert becomes the one that counts. Its units if they are what an alert may hold: of the forker, of
   * different rounds; otherwise none. Whether they are signed is to be checked, which costs: see alerted.ts.
   */
  confirm(hash: Bytes): readonly SignedUnit[] {
    const key = toHex(hash);
    const signed = this.#byHash.get(key);
    if (!signed) return [];
    const { alert } = signed;
    const pair = pairOf(alert);
    this.#recorded.set(pair, key);
    const spare = this.#spare.get(pair);
    if (spare) this.#spare.set(pair, spare.filter((other) => other !== key));
    const forker = alert.proof.first.creator;
    const rounds = new Set<number>();
    for (const unit of alert.legitUnits) {
      if (unit.creator !== forker || rounds.has(unit.round)) return [];
      rounds.add(unit.round);
    }
    return alert.legitUnits;
  }
}
