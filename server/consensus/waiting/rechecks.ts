/**
 * Which of the transactions that wait are checked again when others were accepted: those that one of these may have
 * made invalid, soon; the others now and then, the longest unchecked first, so that what a module didn't tell is found,
 * too. However many wait, what is checked again grows with what was accepted.
 *
 * Only who waits is told by it, sooner or later: what is ordered is checked in consensus, whatever was found here.
 */
import { encode } from "../../../core/encoding/mod.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import { dyn } from "../../../core/types/dyn.ts";
import type { ModuleInstanceId } from "../../../core/types/ids.ts";
import type { KnownItem } from "../../../core/types/session.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { RECHECK_ALL_MS, RECHECKS_MAX } from "../limits.ts";

/** A transaction that waits, as it is looked at here. */
export type Rechecked = {
  /** Names of what it stands on. */
  readonly needs: readonly string[];
  /** When its last check began; −∞ before the first. */
  checkedMs: number;
  /** Something that it stands on has changed since. */
  stale: boolean;
};

function nameOfInput(input: Dyn): string {
  return encode(dyn, input).toBase64();
}

function nameOfModule(instance: ModuleInstanceId): string {
  return `${instance}`;
}

/** The modules' states, and its inputs. */
export function needsOf({ inputs, outputs }: Transaction): string[] {
  const modules = [...inputs, ...outputs].map(({ instance }) => nameOfModule(instance));
  return [...new Set(modules), ...inputs.map(nameOfInput)];
}

/** @param standsAlone whether a module's inputs stand alone (`ServerModule.inputsStandAlone`) */
function* changesOf(item: KnownItem, standsAlone: (instance: ModuleInstanceId) => boolean): Generator<string> {
  if (item.tag === "Module") return yield nameOfModule(item.value.instance);
  const { inputs, outputs } = item.value;
  for (const input of inputs) yield nameOfInput(input);
  for (const { instance } of [...inputs, ...outputs]) if (!standsAlone(instance)) yield nameOfModule(instance);
}

export class Rechecks {
  readonly #standsAlone: (instance: ModuleInstanceId) => boolean;
  /** Names of what has changed since `due` was asked, while any is open. */
  readonly #changed = new Set<string>();
  #acceptedMs = -Infinity;

  constructor(standsAlone: (instance: ModuleInstanceId) => boolean) {
    this.#standsAlone = standsAlone;
  }

  /** @returns whether any of those that wait is to be checked again: `due` says which, and when */
  accepted(items: readonly KnownItem[], waiting: readonly Rechecked[], nowMs: number): boolean {
    this.#acceptedMs = nowMs;
    // where all are to be checked for the first time nothing is remembered: they see what was accepted
    if (!this.isOpen(waiting)) return false;
    for (const item of items) for (const name of changesOf(item, this.#standsAlone)) this.#changed.add(name);
    return true;
  }

  /** Those to be checked now; none that never was. */
  due<Entry extends Rechecked>(waiting: readonly Entry[], nowMs: number): Entry[] {
    const open = waiting.filter((entry) => this.#isOpen(entry));
    for (const entry of open) if (entry.needs.some((name) => this.#changed.has(name))) entry.stale = true;
    this.#changed.clear();
    const old = open
      .filter(({ stale, checkedMs }) => !stale && nowMs - checkedMs >= RECHECK_ALL_MS)
      .sort((one, other) => one.checkedMs - other.checkedMs);
    return [...open.filter(({ stale }) => stale), ...old.slice(0, RECHECKS_MAX)];
  }

  /** Whether there will be any to check again, if nothing more is accepted. */
  isOpen(waiting: readonly Rechecked[]): boolean {
    return waiting.some((entry) => this.#isOpen(entry));
  }

  /** Checked, and what was accepted after that check began may have changed something. */
  #isOpen({ checkedMs }: Rechecked): boolean {
    return checkedMs > -Infinity && checkedMs <= this.#acceptedMs;
  }
}
