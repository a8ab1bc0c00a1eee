/** Transactions that no honest guardian orders: units full of them, which cost the others more than their sender. */
import { reply } from "../../../actors/actor.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { bls } from "../../../core/crypto/bls/mod.ts";
import { isPublicKey } from "../../../core/crypto/secp.ts";
import { encode, list } from "../../../core/encoding/mod.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { ModuleInstanceId } from "../../../core/types/ids.ts";
import { consensusItem } from "../../../core/types/session.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { mintInput, mintOutput } from "../../../modules/mintv2/common.ts";
import { BATCH_BYTES_MAX } from "../../../server/consensus/limits.ts";
import { mempool } from "../../../server/consensus/waiting/mempool.ts";

const DENOMINATION = 10;
const ROOM_BYTES = 100;

export type TransactionAttack = {
  readonly name: string;
  readonly what: string;
  /** What each of a unit's has beside its nonce. */
  readonly parts: (mint: ModuleInstanceId, random: (size: number) => Bytes) => Pick<Transaction, "inputs" | "outputs">;
};

function anyKey(random: (size: number) => Bytes): Bytes {
  for (;;) {
    const key = Uint8Array.of(2, ...random(32)) as Bytes;
    if (isPublicKey(key)) return key;
  }
}

export const transactionAttacks: readonly TransactionAttack[] = [
  {
    name: "empty-transactions",
    what: "units full of transactions of nothing, which are accepted",
    parts: () => ({ inputs: [], outputs: [] }),
  },
  {
    name: "bad-notes",
    what: "units full of transactions of one forged note each",
    parts: (mint, random) => {
      const note = { denomination: DENOMINATION, nonce: anyKey(random), signature: bls.g1.generator };
      return { inputs: [toDyn(mint, mintInput, { tag: "V0", value: { note } })], outputs: [] };
    },
  },
  {
    name: "unpaid-notes",
    what: "each unit a transaction of as many notes as it takes, which nobody pays for",
    parts: (mint, random) => {
      const value = { denomination: DENOMINATION, nonce: bls.g1.generator, tweak: random(16) };
      const one = toDyn(mint, mintOutput, { tag: "V0", value });
      const count = Math.floor((BATCH_BYTES_MAX - ROOM_BYTES) / (one.body.length + 2));
      return { inputs: [], outputs: Array(count).fill(one) };
    },
  },
];

function unitOf(attack: TransactionAttack, mint: ModuleInstanceId, random: (size: number) => Bytes): Bytes {
  const items: Parameters<typeof consensusItem.write>[1][] = [];
  for (let bytes = ROOM_BYTES;;) {
    const parts = attack.parts(mint, random);
    const value: Transaction = { ...parts, nonce: random(8), signatures: { tag: "NaiveMultisig", value: [] } };
    const item = { tag: "Transaction", value } as const;
    bytes += encode(consensusItem, item).length;
    if (bytes > BATCH_BYTES_MAX && items.length > 0) return encode(list(consensusItem), items);
    items.push(item);
  }
}

/** From now on units of this process carry what the attack that runs has, but for signatures of sessions. */
export function orderAttacks(
  running: () => string | null,
  mint: () => ModuleInstanceId | null,
  random: (size: number) => Bytes,
): void {
  const handlers = mempool.handle as { -readonly [Type in keyof typeof mempool.handle]: (typeof mempool.handle)[Type] };
  const { nextUnitData } = handlers;
  handlers.nextUnitData = (state, args, ctx, from) => {
    const attack = transactionAttacks.find(({ name }) => name === running()), instance = mint();
    if (!attack || instance === null || state.signature !== null) return nextUnitData(state, args, ctx, from);
    return reply(state, { kind: "batch", bytes: unitOf(attack, instance, random) });
  };
}
