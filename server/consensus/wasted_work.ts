/**
 * Work that guardians' units made for nothing, as only an evil one's do: who processes them tells what it took, the
 * broadcast charges whose units they were, or an accomplice who hands on too much of them
 * (`broadcast/requests/budget.ts`), so that they are taken at the rate at which they can be processed.
 *
 * An honest guardian checks what clients submit before it is in a unit of its own. What it refuses then for reasons
 * that don't change, nobody has in a unit who is honest. A spent note is another thing: it may have been spent
 * meanwhile.
 */
import type { PeerId } from "../../core/types/ids.ts";
import type { TransactionError } from "../../core/types/transaction.ts";
import { fromDyn } from "../../core/types/dyn.ts";
import type { Modules } from "./engine/transaction.ts";
import { REFUSED_BYTES_PER_US, REFUSED_FOR_GOOD_US } from "./limits.ts";

const NEVER_HONEST: ReadonlySet<TransactionError["tag"]> = new Set<TransactionError["tag"]>([
  "UnbalancedTransaction",
  "InvalidSignature",
  "UnsupportedSignatureScheme",
  "InvalidWitnessLength",
]);

/** Microseconds that a refused transaction of so many bytes has wasted. */
export function wastedUs(modules: Pick<Modules, "decoders" | "live">, error: TransactionError, bytes: number): number {
  if (NEVER_HONEST.has(error.tag)) return bytes / REFUSED_BYTES_PER_US;
  if (error.tag !== "Input" && error.tag !== "Output") return 0;
  const { live, decoders } = modules, kind = error.tag === "Input" ? "inputError" : "outputError";
  const isForGood = live.get(error.value.instance)?.module.isForGood?.(fromDyn(decoders, kind, error.value)) ?? false;
  return isForGood ? REFUSED_FOR_GOOD_US + bytes / REFUSED_BYTES_PER_US : 0;
}

/** The same of a batch that doesn't decode: its last byte may tell, behind hundreds of points. */
export function undecodableUs(bytes: number): number {
  return bytes / REFUSED_BYTES_PER_US;
}

/** It outlives sessions. */
export class WastedWork {
  readonly #us = new Map<PeerId, number>();

  add(peer: PeerId, us: number): void {
    if (us > 0) this.#us.set(peer, (this.#us.get(peer) ?? 0) + us);
  }

  /** Microseconds of each guardian since this was asked the last time. */
  take(): [PeerId, number][] {
    const taken = [...this.#us];
    this.#us.clear();
    return taken;
  }
}
