/**
 * The own backup: every unit that entered the graph, in that order, and every accusation of ours before it is told.
 * `fedimint-aleph-bft` backup/{saver,loader}.rs; docs/protocol/03-consensus.md §A10.
 *
 * A unit is saved before it is sent, so the backup knows every unit that we ever let out. After a restart it is the
 * graph as it was: units that were in it are taken back with their parents, variants of forkers included, and need not
 * be saved or confirmed again.
 *
 * Accusations are kept because others heed one of each guardian and forker. Had a restarted guardian forgotten it, it
 * would take further units of the forker, and then accuse it in other words, which nobody would confirm: its own units
 * that stand on those units, and all that stand on its units, would be lost to this session. The reference forgets
 * accusations.
 *
 * Every unit was checked before it was saved. To notice a damaged disk each is checked once more: either a later unit's
 * control hash vouches for it, or, at the graph's tips, its signature. So a restart costs a few signature checks, not
 * one a unit.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { concatAll } from "../../../core/bytes.ts";
import type { Codec } from "../../../core/encoding/codec.ts";
import { DecodeError } from "../../../core/encoding/error.ts";
import { Reader } from "../../../core/encoding/io.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import { matchesControlHash } from "../graph/dag.ts";
import { isFork } from "../forks/alerts.ts";
import type { SignatureChecks } from "../keychain.ts";
import { SAVED_ENTRY_BYTES_MAX, VARIANT_CHOICES_MAX } from "../limits.ts";
import type { SignedAlert } from "../messages.ts";
import { alertHash, signedAlert } from "../messages.ts";
import { variants as variantsCodec } from "../scale.ts";
import type { SignedUnit } from "../graph/unit.ts";
import { signedUnit } from "../graph/unit.ts";
import type { Validator } from "../graph/validator.ts";

/** One record on disk. */
export type BackupRecord =
  | { readonly tag: "unit"; readonly value: SignedUnit }
  | { readonly tag: "alert"; readonly value: SignedAlert };
export const backupRecord: Codec<BackupRecord> = variantsCodec("BackupRecord", {
  unit: signedUnit,
  alert: signedAlert,
});

/**
 * Encoded records that are saved together, as few values for the disk: one behind the other, as each tells its end. A
 * round's four records cost the database a half of what they would one by one, and once more so when they are deleted.
 */
export function joinRecords(records: readonly Bytes[]): Bytes[] {
  const entries: Bytes[] = [];
  let joined: Bytes[] = [], bytes = 0;
  const end = (): void => {
    if (joined.length > 0) entries.push(concatAll(joined));
    joined = [];
    bytes = 0;
  };
  for (const record of records) {
    if (bytes + record.length > SAVED_ENTRY_BYTES_MAX) end();
    joined.push(record);
    bytes += record.length;
  }
  end();
  return entries;
}

/** What an entry is made of. @throws {DecodeError} where it is damaged */
export function* recordsIn(entry: Bytes): Generator<BackupRecord> {
  const reader = new Reader(entry);
  do yield backupRecord.read(reader); while (reader.remaining > 0);
}

export type RestoredUnit = {
  readonly unit: SignedUnit; /** Keys, ascending by creator. */
  readonly parents: readonly string[];
};

export type Backup = {
  /** Each once, parents before children. */
  readonly units: readonly RestoredUnit[];
  /** The round after our newest unit. */
  readonly startRound: number;
  /** One a forker. */
  readonly alerts: readonly SignedAlert[];
};

export type BackupFault = {
  readonly code: "malformed" | "invalid_unit" | "missing_parent" | "bad_signature" | "bad_alert";
  /** Which record, from 0. */
  readonly record: number;
  readonly detail: string;
};

type Loading = {
  /** `round:creator` → its units. */
  readonly variants: Map<string, SignedUnit[]>;
  readonly units: { readonly record: number; readonly unit: SignedUnit; readonly parents: readonly SignedUnit[] }[];
  readonly alerts: SignedAlert[];
};

/** @param entries as `joinRecords` makes them, or a record each, in the order of saving */
export function loadBackup(
  entries: readonly Bytes[],
  identity: number,
  session: bigint,
  validator: Validator,
  checks: SignatureChecks,
): Result<Backup, BackupFault> {
  const loading: Loading = { variants: new Map(), units: [], alerts: [] };
  let record = 0;
  try {
    for (const entry of entries) {
      for (const decoded of recordsIn(entry)) {
        const fault = loadRecord(loading, record, decoded, identity, session, validator, checks);
        if (fault) return err(fault);
        record++;
      }
    }
  } catch (thrown) {
    if (thrown instanceof DecodeError) return err({ code: "malformed", record, detail: thrown.message });
    throw thrown;
  }
  const vouched = new Set<SignedUnit>();
  let startRound = 0;
  for (const { record, unit, parents } of loading.units.toReversed()) {
    if (!vouched.has(unit) && !checks.unit(unit)) return err({ code: "bad_signature", record, detail: placeOf(unit) });
    for (const parent of parents) vouched.add(parent);
    if (unit.creator === identity) startRound = Math.max(startRound, unit.round + 1);
  }
  const units = loading.units.map(({ unit, parents }) => ({ unit, parents: parents.map((parent) => parent.key) }));
  return ok({ units, startRound, alerts: loading.alerts });
}

function placeOf({ round, creator }: SignedUnit): string {
  return `round ${round} of guardian ${creator}`;
}

function loadRecord(
  loading: Loading,
  record: number,
  decoded: BackupRecord,
  identity: number,
  session: bigint,
  validator: Validator,
  checks: SignatureChecks,
): BackupFault | null {
  if (decoded.tag === "alert") {
    const { alert, signature } = decoded.value;
    const isOwn = alert.sender === identity && checks.alert(alert, alertHash(alert), signature);
    if (!isOwn || !isFork(alert.proof, session, checks)) {
      return { code: "bad_alert", record, detail: placeOf(alert.proof.first) };
    }
    loading.alerts.push(decoded.value);
    return null;
  }
  const unit = decoded.value;
  const fault = validator.structureFault(unit);
  if (fault !== null) return { code: "invalid_unit", record, detail: fault };
  const coord = `${unit.round}:${unit.creator}`;
  const variants = loading.variants.get(coord) ?? [];
  // the reference saves what it loaded once more
  if (variants.some(({ key }) => key === unit.key)) return null;
  const parents = findParents(unit, loading.variants);
  if (!parents) return { code: "missing_parent", record, detail: placeOf(unit) };
  loading.variants.set(coord, [...variants, unit]);
  loading.units.push({ record, unit, parents });
  return null;
}
/**
 * The parents that the unit commits to among units that came earlier: more than one choice only where somebody forked.
 */
function findParents(unit: SignedUnit, variants: ReadonlyMap<string, readonly SignedUnit[]>): SignedUnit[] | null {
  if (unit.round === 0) return [];
  const choices = unit.parentCreators.map((creator) => variants.get(`${unit.round - 1}:${creator}`) ?? []);
  const count = choices.reduce((product, choice) => product * choice.length, 1);
  for (let number = 0; number < Math.min(count, VARIANT_CHOICES_MAX); number++) {
    let rest = number;
    const parents = choices.map((choice) => {
      const parent = choice[rest % choice.length]!;
      rest = Math.floor(rest / choice.length);
      return parent;
    });
    const slots = new Array<Bytes | null>(unit.mask.size).fill(null);
    for (const parent of parents) slots[parent.creator] = parent.hash;
    if (matchesControlHash(unit, slots)) return parents;
  }
  return null;
}
