/**
 * A whole block against the tip that it continues. Source: Core `validation.cpp` (`CheckBlock`, `ContextualCheckBlock`,
 * `ConnectBlock`).
 */
import type { Block } from "../../../../core/bitcoin/mod.ts";
import { isCoinbase, merkleRootOf, weightOf } from "../../../../core/bitcoin/mod.ts";
import { equalBytes } from "../../../../core/bytes.ts";
import { ok } from "../../../../core/result.ts";
import type { Chain, CheckedBlock, StoredBlock } from "../chain.ts";
import { storedBlock } from "../chain.ts";
import type { Coin, CoinKey, CoinView } from "../coins.ts";
import { coinKey, isUnspendable } from "../coins.ts";
import { committedHash, heightPush, witnessCommitment } from "./commitment.ts";
import {
  BITS,
  BLOCK_SIGOPS_COST_MAX,
  BLOCK_VERSION_LEAST,
  BLOCK_WEIGHT_MAX,
  FUTURE_SECONDS_MAX,
  subsidySat,
} from "../params.ts";
import { hasWork } from "./proof_of_work.ts";
import type { Checked } from "./reject.ts";
import { invalid } from "./reject.ts";
import { checkScripts } from "./script_check.ts";
import type { SpendContext } from "./tx_checks.ts";
import { checkAmounts, checkTransaction, coinsOf, isFinal, sequenceLocksPassed, sigopsCost } from "./tx_checks.ts";

export type BlockCheckOptions = {
  /** Wall clock, seconds; null when the block was accepted before and its time is past. */
  readonly nowSeconds: number | null;
  /** Run the scripts too. */
  readonly scripts: boolean;
};

/** Changes nothing: what the block does is in the result, for `Chain.append`. */
export function checkBlock(chain: Chain, block: Block, options: BlockCheckOptions): Checked<CheckedBlock> {
  const stored = storedBlock(chain.height + 1, block);
  const header = checkHeader(chain, stored, options.nowSeconds);
  if (!header.ok) return header;
  const body = checkBody(chain, stored, block);
  if (!body.ok) return body;
  const witness = checkWitness(block);
  if (!witness.ok) return witness;
  return connect(chain, stored, block, options.scripts);
}

function checkHeader(chain: Chain, { hash, header }: StoredBlock, nowSeconds: number | null): Checked<null> {
  if (header.prevBlockhash !== chain.tip.hash) return invalid("bad-prevblk", "block does not continue the tip");
  if (header.bits !== BITS) return invalid("bad-diffbits", "incorrect proof of work");
  if (!hasWork(hash)) return invalid("high-hash", "proof of work failed");
  if (header.time <= chain.medianTimeAt(chain.height)) return invalid("time-too-old", "block's timestamp is too early");
  if (nowSeconds !== null && header.time > nowSeconds + FUTURE_SECONDS_MAX) {
    return invalid("time-too-new", "block timestamp too far in the future");
  }
  return header.version < BLOCK_VERSION_LEAST ? invalid("bad-version") : ok(null);
}

function checkBody(chain: Chain, { header, txids, height }: StoredBlock, { transactions }: Block): Checked<null> {
  const [coinbase, ...others] = transactions;
  if (coinbase === undefined) return invalid("bad-blk-length", "size limits failed");
  if (merkleRootOf(txids) !== header.merkleRoot) return invalid("bad-txnmrklroot", "hashMerkleRoot mismatch");
  if (new Set(txids).size !== txids.length) return invalid("bad-txns-duplicate", "duplicate transaction");
  if (!isCoinbase(coinbase)) return invalid("bad-cb-missing", "first tx is not coinbase");
  if (others.some(isCoinbase)) return invalid("bad-cb-multiple", "more than one coinbase");
  const at: SpendContext = chain.next();
  for (const tx of transactions) {
    const checked = checkTransaction(tx);
    if (!checked.ok) return checked;
    if (!isFinal(tx, at)) return invalid("bad-txns-nonfinal", "non-final transaction");
  }
  const push = heightPush(height);
  if (!equalBytes(coinbase.inputs[0]!.scriptSig.subarray(0, push.length), push)) {
    return invalid("bad-cb-height", "block height mismatch in coinbase");
  }
  return ok(null);
}

function checkWitness({ transactions }: Block): Checked<null> {
  const coinbase = transactions[0]!;
  const committed = committedHash(coinbase);
  if (committed === null) {
    const unexpected = transactions.some(({ inputs }) => inputs.some(({ witness }) => witness.length > 0));
    return unexpected ? invalid("unexpected-witness", "unexpected witness data found") : ok(null);
  }
  const { witness } = coinbase.inputs[0]!;
  const reserved = witness[0];
  if (witness.length !== 1 || reserved?.length !== 32) {
    return invalid("bad-witness-nonce-size", "invalid witness reserved value size");
  }
  const expected = witnessCommitment(transactions.slice(1), reserved);
  return equalBytes(expected, committed) ? ok(null) : invalid("bad-witness-merkle-match", "witness merkle mismatch");
}

/** The header and the count of transactions, four times. */
const HEADER_WEIGHT = 4 * (80 + 3);

function connect(chain: Chain, stored: StoredBlock, block: Block, scripts: boolean): Checked<CheckedBlock> {
  const weight = block.transactions.reduce((sum, tx) => sum + weightOf(tx), HEADER_WEIGHT);
  if (weight > BLOCK_WEIGHT_MAX) return invalid("bad-blk-weight", "weight limit failed");
  const coins = new BlockCoins(chain);
  const at = chain.next();
  let feesSat = 0n, sigops = 0;
  for (const [position, tx] of block.transactions.entries()) {
    const coinbase = position === 0;
    const spent = coinbase ? [] : coinsOf(tx, coins);
    if (spent === null) return invalid("bad-txns-inputs-missingorspent");
    if (!coinbase) {
      const fee = checkAmounts(tx, spent, stored.height);
      if (!fee.ok) return fee;
      feesSat += fee.value;
      if (!sequenceLocksPassed(tx, spent, at)) {
        return invalid("bad-txns-nonfinal", "contains a non-BIP68-final transaction");
      }
      const run = scripts ? checkScripts(tx, spent, "consensus") : ok(null);
      if (!run.ok) return invalid(`block-script-verify-flag-failed (${run.error.text})`);
    }
    sigops += sigopsCost(tx, spent);
    for (const { outPoint } of tx.inputs) if (!coinbase) coins.spend(coinKey(outPoint));
    const txid = stored.txids[position]!;
    for (const [vout, { valueSat, script }] of tx.outputs.entries()) {
      const key = coinKey({ txid, vout });
      if (coins.coin(key) !== undefined) return invalid("bad-txns-BIP30", "tried to overwrite transaction");
      if (!isUnspendable(script)) coins.create(key, { valueSat, script, height: stored.height, coinbase });
    }
  }
  if (sigops > BLOCK_SIGOPS_COST_MAX) return invalid("bad-blk-sigops", "out-of-bounds SigOpCount");
  const paidSat = block.transactions[0]!.outputs.reduce((sum, { valueSat }) => sum + valueSat, 0n);
  const allowedSat = subsidySat(stored.height) + feesSat;
  if (paidSat > allowedSat) {
    return invalid("bad-cb-amount", `coinbase pays too much (actual=${paidSat} vs limit=${allowedSat})`);
  }
  return ok({ stored, ...coins.changes() });
}

/** The chain's coins with a block's changes over them. */
class BlockCoins implements CoinView {
  readonly #chain: CoinView;
  readonly #created = new Map<CoinKey, Coin>();
  readonly #spent = new Set<CoinKey>();

  constructor(chain: CoinView) {
    this.#chain = chain;
  }

  coin(key: CoinKey): Coin | undefined {
    return this.#spent.has(key) ? undefined : this.#created.get(key) ?? this.#chain.coin(key);
  }

  spend(key: CoinKey): void {
    this.#spent.add(key);
  }

  create(key: CoinKey, coin: Coin): void {
    this.#created.set(key, coin);
  }

  changes(): { readonly spent: readonly CoinKey[]; readonly created: readonly (readonly [CoinKey, Coin])[] } {
    return { spent: [...this.#spent], created: [...this.#created] };
  }
}
