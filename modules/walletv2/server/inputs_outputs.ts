/**
 * Money in and out on the guardian's side: a claimed deposit and a peg-out each spend the federation's output and make
 * the next one. The order of checks and the errors are consensus. Follows fedimint-walletv2-server 0.13.0
 * (`process_input`, `process_output`); docs/protocol/05-wallet.md §8.
 */
import type { StoreTx } from "../../../actors/store/store.ts";
import { bitcoinTxidOf } from "../../../core/bitcoin/mod.ts";
import type { BitcoinOutPoint, TxOut } from "../../../core/bitcoin/mod.ts";
import { equalBytes } from "../../../core/bytes.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import { U64_MAX } from "../../../core/types/amount.ts";
import type { OutPoint, Sha256 } from "../../../core/types/ids.ts";
import { BITCOIN_UNIT } from "../../../core/types/ids.ts";
import type { InputMeta, OutputMeta } from "../../contract/server.ts";
import type { WalletEnv } from "./block_sync.ts";
import type { FederationWallet, WalletInput, WalletInputError, WalletOutput, WalletOutputError } from "../common.ts";
import { feeMsatOf } from "../config.ts";
import { consensusBlockCount, consensusFee } from "./consensus_values.ts";
import {
  appendTxInfo,
  getOutput,
  getWallet,
  isSpent,
  markSpent,
  setTxInfoIndex,
  setUnsigned,
  setWallet,
} from "./db.ts";
import { unsignedTransaction } from "./federation_tx.ts";
import { changeTweak, depositTweak, outputScriptOf } from "../scripts.ts";
import { scriptOf } from "../standard_script.ts";

/**
 * What a transaction of the federation changes: its wallet, the log, and what is to be signed.
 * @returns its number in the log
 */
async function makeTransaction(
  env: WalletEnv,
  tx: StoreTx,
  wallet: FederationWallet,
  spent: readonly { readonly outpoint: BitcoinOutPoint; readonly value: bigint; readonly tweak: Sha256 }[],
  outputs: readonly TxOut[],
  cost: { readonly vbytes: bigint; readonly fee: bigint },
): Promise<number> {
  const unsigned = unsignedTransaction(spent.map(({ outpoint }) => outpoint), outputs);
  const txid = bitcoinTxidOf(unsigned);
  const changeSat = outputs[0]!.valueSat;
  setWallet(tx, { value: changeSat, outpoint: { txid, vout: 0 }, tweak: changeTweak(wallet) });
  const spentTxOuts = spent.map(({ value, tweak }) => ({ value, tweak }));
  setUnsigned(tx, txid, { tx: unsigned, spentTxOuts, ...cost });
  const created = await consensusBlockCount(tx, env.peers);
  return await appendTxInfo(tx, { txid, input: wallet.value, output: changeSat, created, ...cost });
}

function inBitcoin(env: WalletEnv, sat: bigint): OutputMeta | null {
  const msat = sat * 1000n;
  if (msat > U64_MAX) return null;
  const feeMsat = feeMsatOf(env.config.feeConsensus, msat);
  return { amounts: new Map([[BITCOIN_UNIT, msat]]), fees: new Map([[BITCOIN_UNIT, feeMsat]]) };
}

/**
 * Claims a deposit. The first one becomes the wallet with all its value and without a transaction; its fee is paid all
 * the same.
 */
export async function processInput(
  env: WalletEnv,
  tx: StoreTx,
  input: WalletInput,
): Promise<Result<InputMeta, WalletInputError>> {
  if (input.tag === "Default") return err({ tag: "UnknownInputVariant", value: { variant: input.value.variant } });
  const { outputIndex, tweak: depositKey, fee } = input.value;
  if (await isSpent(tx, outputIndex)) return err({ tag: "OutputAlreadySpent", value: null });
  const tracked = await getOutput(tx, outputIndex);
  if (!tracked) return err({ tag: "UnknownOutputIndex", value: null });
  const { bitcoinPks, receiveTxVbytes } = env.config;
  const tweak = depositTweak(depositKey);
  if (!equalBytes(tracked.output.script, outputScriptOf(bitcoinPks, tweak))) {
    return err({ tag: "WrongTweak", value: null });
  }
  const least = await consensusFee(tx, env.config, env.peers, receiveTxVbytes);
  if (least === null) return err({ tag: "NoConsensusFeerateAvailable", value: null });
  if (fee < least) return err({ tag: "InsufficientTotalFee", value: null });
  const creditSat = tracked.output.valueSat - fee;
  if (creditSat < 0n) return err({ tag: "ArithmeticOverflow", value: null });
  const meta = inBitcoin(env, creditSat);
  if (!meta) return err({ tag: "ArithmeticOverflow", value: null });

  const wallet = await getWallet(tx);
  const deposit = { outpoint: tracked.outpoint, value: tracked.output.valueSat, tweak };
  if (wallet) {
    const changeSat = wallet.value + creditSat;
    if (changeSat > U64_MAX) return err({ tag: "ArithmeticOverflow", value: null });
    const change = { valueSat: changeSat, script: outputScriptOf(bitcoinPks, changeTweak(wallet)) };
    await makeTransaction(env, tx, wallet, [wallet, deposit], [change], { vbytes: receiveTxVbytes, fee });
  } else {
    setWallet(tx, deposit);
  }
  markSpent(tx, outputIndex);
  return ok({ ...meta, publicKey: depositKey });
}

/** Pays out: `[change, destination]`, and the log's number of the transaction is kept for whoever asks for its id. */
export async function processOutput(
  env: WalletEnv,
  tx: StoreTx,
  output: WalletOutput,
  at: OutPoint,
): Promise<Result<OutputMeta, WalletOutputError>> {
  if (output.tag === "Default") return err({ tag: "UnknownOutputVariant", value: { variant: output.value.variant } });
  const { destination, value, fee } = output.value;
  const { bitcoinPks, dustLimit, sendTxVbytes } = env.config;
  if (value < dustLimit) return err({ tag: "UnderDustLimit", value: null });
  const wallet = await getWallet(tx);
  if (!wallet) return err({ tag: "NoFederationUTXO", value: null });
  const least = await consensusFee(tx, env.config, env.peers, sendTxVbytes);
  if (least === null) return err({ tag: "NoConsensusFeerateAvailable", value: null });
  if (fee < least) return err({ tag: "InsufficientTotalFee", value: null });
  const totalSat = value + fee;
  const changeSat = wallet.value - totalSat;
  if (totalSat > U64_MAX || changeSat < 0n) return err({ tag: "ArithmeticOverflow", value: null });
  if (changeSat < dustLimit) return err({ tag: "ChangeUnderDustLimit", value: null });
  const script = scriptOf(destination);
  if (!script) return err({ tag: "UnknownScriptVariant", value: null });
  const meta = inBitcoin(env, totalSat);
  if (!meta) return err({ tag: "ArithmeticOverflow", value: null });

  const change = { valueSat: changeSat, script: outputScriptOf(bitcoinPks, changeTweak(wallet)) };
  const outputs = [change, { valueSat: value, script }];
  const index = await makeTransaction(env, tx, wallet, [wallet], outputs, { vbytes: sendTxVbytes, fee });
  setTxInfoIndex(tx, at, index);
  return ok(meta);
}
