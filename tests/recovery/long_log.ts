/**
 * A guardian's database with a long recovery log, as after years: rows as the mintv2 module writes them, the same log
 * on all guardians, some notes of given wallets among a crowd's. Of the crowd only the log has anything: nobody asks
 * for their shares, or spends their notes again.
 */
import type { Dice } from "../../actors/platform/platform.ts";
import type { Store, StoreTx } from "../../actors/store/store.ts";
import { hash160 } from "../../core/bitcoin/script.ts";
import type { Bytes } from "../../core/bytes.ts";
import { decodeScalar } from "../../core/crypto/bls/mod.ts";
import type { Scalar } from "../../core/crypto/bls/mod.ts";
import type { DerivableSecret } from "../../core/crypto/derive_secret.ts";
import { signShare } from "../../core/crypto/tbs.ts";
import type { OutPoint } from "../../core/types/ids.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import type { RecoveryItem } from "../../modules/mintv2/common.ts";
import type { MintPrivateConfig } from "../../modules/mintv2/config.ts";
import type { Denomination } from "../../modules/mintv2/denomination.ts";
import { appendRecoveryItems, countIssued, issuedCounts, markSpent, setShare } from "../../modules/mintv2/server/db.ts";
import type { NoteIssuanceRequest } from "../../modules/mintv2/client/issuance.ts";
import {
  blindedNonce,
  noteRequest,
  requestNonce,
  TWEAK_BYTES,
  tweakFilter,
} from "../../modules/mintv2/client/issuance.ts";
import { searchTweak } from "../../modules/mintv2/client/tweak_search.ts";
import { toHex } from "../../core/bytes.ts";

/** One wallet's notes in the log. */
export type OwnNotes = {
  /** The module's secret of the wallet. */
  readonly secret: DerivableSecret;
  /** Notes that it has. */
  readonly kept: number;
  /** Notes that it had: their inputs stand in the log, too. */
  readonly spent: number;
  readonly denomination: Denomination;
};

/** A guardian's part: its store below the module's prefix, open to nobody else. */
export type LogKeeper = { readonly store: Pick<Store, "transact">; readonly privateConfig: MintPrivateConfig };

/** Notes of a transaction in a crowd's payment: so many in, as many out. */
const CROWD_NOTES = 10;
/** Rows of a commit. */
const COMMIT_ITEMS = 900;

type OwnItem = { readonly request: NoteIssuanceRequest; readonly isSpent: boolean };

function ownRequest({ secret, denomination }: OwnNotes, filter: Bytes, dice: Dice): NoteIssuanceRequest {
  for (;;) {
    const tweak = searchTweak(filter, dice.bytes(TWEAK_BYTES), 1 << 20);
    if (tweak !== null) return noteRequest(secret, denomination, tweak);
  }
}

function outputItem(request: NoteIssuanceRequest, blinded: Bytes): RecoveryItem {
  const { denomination, tweak } = request;
  return { tag: "Output", value: { denomination, nonceHash: hash160(blinded), tweak } };
}

/** The crowd's item at a place of the log: payments one after the other, each inputs first. */
function crowdItem(index: number, dice: Dice): RecoveryItem {
  const nonceHash = dice.bytes(20);
  if (index % (2 * CROWD_NOTES) < CROWD_NOTES) return { tag: "Input", value: { nonceHash } };
  const denomination = 9 + dice.below(16);
  return { tag: "Output", value: { denomination, nonceHash, tweak: dice.bytes(TWEAK_BYTES) } };
}

/**
 * Appends to the log of every guardian, `items` in all: own notes are spread evenly, a spent one's input follows at
 * once.
 * @returns msat of the notes that are kept
 */
export async function writeLongLog(
  keepers: readonly LogKeeper[],
  options: { readonly items: number; readonly own: readonly OwnNotes[]; readonly seed: number },
): Promise<bigint> {
  const dice = seededDice(options.seed);
  const own: OwnItem[] = [];
  let keptMsat = 0n;
  for (const notes of options.own) {
    const filter = tweakFilter(notes.secret);
    const total = notes.kept + notes.spent;
    for (let i = 0; i < total; i++) {
      // spread evenly among the others
      const isSpent = Math.floor((i + 1) * notes.spent / total) > Math.floor(i * notes.spent / total);
      own.push({ request: ownRequest(notes, filter, dice), isSpent });
      if (!isSpent) keptMsat += 1n << BigInt(notes.denomination);
    }
  }
  const shares = keepers.map(({ privateConfig }) => secretShares(privateConfig));
  const every = own.length === 0 ? Infinity : Math.floor(options.items / own.length);
  let next = 0;
  await Promise.all(keepers.map(({ store }) => redeemAll(store)));
  for (let from = 0; from < options.items; from += COMMIT_ITEMS) {
    const to = Math.min(from + COMMIT_ITEMS, options.items);
    const items: RecoveryItem[] = [];
    const writes: ((tx: StoreTx, guardian: number) => Promise<void>)[] = [];
    while (from + items.length < to) {
      const index = from + items.length;
      const item = index >= next * every ? own[next] : undefined;
      if (!item || index + 1 >= to) {
        items.push(crowdItem(index, dice));
        continue;
      }
      next++;
      items.push(...ownItems(item, next, shares, writes));
    }
    await Promise.all(keepers.map(async ({ store }, guardian) => {
      const { durable } = await store.transact(async (tx) => {
        await appendRecoveryItems(tx, items);
        for (const write of writes) await write(tx, guardian);
      });
      await durable;
    }));
  }
  return keptMsat;
}

function secretShares({ tbsSks }: MintPrivateConfig): Map<Denomination, Scalar> {
  return new Map([...tbsSks].map(([exponent, secret]) => [exponent, decodeScalar(secret.reveal())]));
}

/** Notes that were issued before are spent by now: what they were worth is the log's. */
async function redeemAll(store: LogKeeper["store"]): Promise<void> {
  const { durable } = await store.transact(async (tx) => {
    for (const [denomination, count] of await issuedCounts(tx)) {
      for (let i = 0n; i < count; i++) await countIssued(tx, denomination, -1n);
    }
  });
  await durable;
}

/** Its items, and what a guardian keeps of it beside them. */
function ownItems(
  { request, isSpent }: OwnItem,
  number: number,
  shares: readonly ReadonlyMap<Denomination, Scalar>[],
  writes: ((tx: StoreTx, guardian: number) => Promise<void>)[],
): RecoveryItem[] {
  const { denomination } = request;
  const blinded = blindedNonce(request), nonce = requestNonce(request);
  const at: OutPoint = { txid: toHex(hash160(blinded)).padStart(64, "0"), outIdx: number % 100 };
  writes.push(async (tx, guardian) => {
    setShare(tx, at, blinded, signShare(blinded, shares[guardian]!.get(denomination)!));
    if (isSpent) markSpent(tx, nonce);
    else await countIssued(tx, denomination, 1n);
  });
  const output = outputItem(request, blinded);
  return isSpent ? [output, { tag: "Input", value: { nonceHash: hash160(nonce) } }] : [output];
}
