/** For tests: transactions that spend what others in the mempool spend, and what becomes of them. */
import type { BitcoinTransaction } from "../../../../core/bitcoin/mod.ts";
import { bitcoinTxidOf } from "../../../../core/bitcoin/mod.ts";
import type { Funded } from "./refusals.ts";
import { DESTINATION, kindOf } from "./refusals.ts";
import type { Spent } from "./spends.ts";
import { spend } from "./spends.ts";

export type Replacing = {
  readonly name: string;
  /** In the mempool before it. */
  readonly before: readonly BitcoinTransaction[];
  readonly tx: BitcoinTransaction;
  /** How it is refused, code and reason; null: it is taken, and none of the others that conflict with it stays. */
  readonly answer: string | null;
};

const OWN = kindOf("P2WPKH"), COIN_SAT = 100_000_000n;
const INSUFFICIENT = "-26: insufficient fee";

function paying(coins: readonly Spent[], feeSat: bigint, sequence?: number): BitcoinTransaction {
  const valueSat = coins.reduce((sum, coin) => sum + coin.valueSat, 0n) - feeSat;
  return spend(coins, [{ valueSat, script: OWN.script }], sequence === undefined ? {} : { sequence });
}

function outputOf(tx: BitcoinTransaction): Spent {
  return { key: `${bitcoinTxidOf(tx)}:0`, kind: OWN, valueSat: tx.outputs[0]!.valueSat };
}

/** Uses the coins of two kinds. */
export function replacements({ coin }: Funded): Replacing[] {
  const own = (n: number): Spent => coin("P2WPKH", n), more = (n: number): Spent => coin("P2PKH", n);
  const poor = paying([own(0)], 1_000n), silent = paying([own(1)], 1_000n, 0xffff_ffff);
  const parent = paying([own(2)], 1_000n), child = paying([outputOf(parent)], 50_000n);
  const first = paying([own(3)], 1_000n), other = paying([own(4)], 1_000n), near = paying([own(5)], 1_000n);
  const pair = [paying([more(0)], 1_000n), paying([more(1)], 2_000n)];
  return [
    { name: "the same fee", before: [poor], tx: paying([own(0)], 1_000n, 1), answer: INSUFFICIENT },
    {
      name: "a fee that doesn't pay for its relay",
      before: [near],
      tx: paying([own(5)], 1_050n),
      answer: INSUFFICIENT,
    },
    { name: "a better fee", before: [], tx: paying([own(0)], 5_000n), answer: null },
    { name: "a better fee, where nothing signals", before: [silent], tx: paying([own(1)], 5_000n), answer: null },
    {
      name: "a better rate, and less than a child adds",
      before: [parent, child],
      tx: paying([own(2)], 20_000n),
      answer: INSUFFICIENT,
    },
    { name: "more than parent and child", before: [], tx: paying([own(2)], 60_000n), answer: null },
    {
      name: "an output of another one that waits",
      before: [first, other],
      tx: paying([own(3), outputOf(other)], 50_000n),
      answer: "-26: replacement-adds-unconfirmed",
    },
    {
      name: "an output of what it replaces",
      before: [],
      tx: paying([own(3), outputOf(first)], 50_000n),
      answer: "-26: bad-txns-spends-conflicting-tx",
    },
    { name: "the coins of two at once", before: pair, tx: paying([more(0), more(1)], 10_000n), answer: null },
    {
      name: "another payee",
      before: [],
      tx: spend([more(0), more(1)], [{ valueSat: 2n * COIN_SAT - 30_000n, script: DESTINATION }]),
      answer: null,
    },
  ];
}
