/**
 * The guardian's side of walletv2: deposits are claimed into the federation's one output, peg-outs are paid from it, and a threshold of
 * guardians signs every transaction. Follows fedimint-walletv2-server 0.13.0; sheet "wallet" 8.
 */
import { sleep } from "../../actors/platform/platform.ts";
import type { ReadTx, StoreTx } from "../../actors/store/store.ts";
import { bitcoinTransaction, bitcoinTxidOf, scriptKind } from "../../core/bitcoin/mod.ts";
import type { BitcoinOutPoint, TxOut } from "../../core/bitcoin/mod.ts";
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes } from "../../core/bytes.ts";
import { isSecretKey, publicKeyOf } from "../../core/crypto/secp.ts";
import { decode, encode, list, option, tuple, u64, u64Number, unit } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { U64_MAX } from "../../core/types/amount.ts";
import type { BitcoinTxid, OutPoint, PeerId, Sha256 } from "../../core/types/ids.ts";
import { BITCOIN_UNIT, bitcoinTxid, outPoint } from "../../core/types/ids.ts";
import { publicKey } from "../../core/types/keys.ts";
import { readDurable } from "../contract/read_durable.ts";
import type { InputMeta, OutputMeta, ServerModule } from "../contract/server.ts";
import { defineServerModule, endpoint } from "../contract/server.ts";
import type { WalletEnv } from "./block_sync.ts";
import { pollMs, syncBlocks } from "./block_sync.ts";
import type {
  FederationWallet,
  OutputInfo,
  WalletConsensusItem,
  WalletInput,
  WalletInputError,
  WalletOutput,
  WalletOutputError,
} from "./common.ts";
import {
  federationWallet,
  outputInfo,
  txInfo,
  walletConsensusItem,
  walletInput,
  walletInputError,
  walletOutput,
  walletOutputError,
  walletOutputOutcome,
  WALLETV2_API_VERSION,
  WALLETV2_CONSENSUS_VERSION,
  WALLETV2_KIND,
} from "./common.ts";
import { feeMsatOf, newWalletConfig, satoshi, walletConfig, walletPrivateConfig } from "./config.ts";
import { consensusBlockCount, consensusFee, consensusFeerate, pendingTxs } from "./consensus_values.ts";
import {
  addSignatures,
  appendTxInfo,
  getBlockCountVote,
  getFeerateVote,
  getOutput,
  getUnsigned,
  getWallet,
  isSpent,
  markSpent,
  outputRange,
  setBlockCountVote,
  setFeerateVote,
  setSigned,
  setTxInfoIndex,
  setUnsigned,
  setWallet,
  signaturesOf,
  txidOfOutput,
  txInfos,
  UNCONFIRMED,
  unconfirmedTxs,
  unsignedTxs,
} from "./db.ts";
import type { FederationTx } from "./federation_tx.ts";
import { finaliseFederationTx, signFederationTx, unsignedTransaction, verifyFederationTx } from "./federation_tx.ts";
import { OUTPUT_SLICE_MAX } from "./limits.ts";
import { changeTweak, depositTweak, keysHash, outputScriptOf } from "./scripts.ts";
import { scriptOf } from "./standard_script.ts";

/** A guardian's vote is so many blocks behind its node. */
const BLOCK_COUNT_VOTE_DELAY = 7;
/** A vote runs ahead of the consensus by so much at most, so that blocks come in pieces. */
const BLOCK_COUNT_STEP_MAX = 5;
const BLOCK_COUNT_STEP_MAX_TEST = 100;
/** 1 sat a vbyte: what nodes relay at least. */
const FEERATE_VOTE_MIN = 1_000n;

type WalletModule = ServerModule<
  WalletInput,
  WalletOutput,
  null,
  WalletConsensusItem,
  WalletInputError,
  WalletOutputError
>;

const SINCE = { major: 0, minor: 0 };

/** What a transaction of the federation changes: its wallet, the log, and what is to be signed. */
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
  const federationTx: FederationTx = {
    tx: unsigned,
    spentTxOuts: spent.map(({ value, tweak }) => ({ value, tweak })),
    ...cost,
  };
  setUnsigned(tx, txid, federationTx);
  const created = await consensusBlockCount(tx, env.peers);
  return await appendTxInfo(tx, { txid, input: wallet.value, output: changeSat, created, ...cost });
}

function inBitcoin(env: WalletEnv, sat: bigint): OutputMeta | null {
  const msat = sat * 1000n;
  if (msat > U64_MAX) return null;
  const feeMsat = feeMsatOf(env.config.feeConsensus, msat);
  return { amounts: new Map([[BITCOIN_UNIT, msat]]), fees: new Map([[BITCOIN_UNIT, feeMsat]]) };
}

async function processInput(
  env: WalletEnv,
  tx: StoreTx,
  input: WalletInput,
): Promise<Result<InputMeta, WalletInputError>> {
  if (input.tag === "Default") return err({ tag: "UnknownInputVariant", value: { variant: input.value.variant } });
  const { outputIndex, tweak: depositKey, fee } = input.value;
  if (await isSpent(tx, outputIndex)) return err({ tag: "OutputAlreadySpent", value: null });
  markSpent(tx, outputIndex);
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
  const meta = inBitcoin(env, creditSat);
  return meta ? ok({ ...meta, publicKey: depositKey }) : err({ tag: "ArithmeticOverflow", value: null });
}

async function processOutput(
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

  const change = { valueSat: changeSat, script: outputScriptOf(bitcoinPks, changeTweak(wallet)) };
  const outputs = [change, { valueSat: value, script }];
  const index = await makeTransaction(env, tx, wallet, [wallet], outputs, { vbytes: sendTxVbytes, fee });
  setTxInfoIndex(tx, at, index);
  const meta = inBitcoin(env, totalSat);
  return meta ? ok(meta) : err({ tag: "ArithmeticOverflow", value: null });
}

async function processBlockCount(
  env: WalletEnv,
  tx: StoreTx,
  hashOfKeys: Bytes,
  vote: bigint,
  peer: PeerId,
  signal: AbortSignal,
): Promise<Result<null, string>> {
  const before = await consensusBlockCount(tx, env.peers);
  if (vote <= await getBlockCountVote(tx, peer)) return err("block count vote is redundant");
  setBlockCountVote(tx, peer, vote);
  const after = await consensusBlockCount(tx, env.peers);
  assert(before <= after, "a rising vote never lowers the consensus block count");
  // on a real network, blocks older than the federation hold nothing of it
  if (before > 0 || env.config.network === "regtest") {
    await syncBlocks(env, tx, hashOfKeys, { from: before, to: after }, signal);
  }
  return ok(null);
}

async function processSignatures(
  env: WalletEnv,
  tx: StoreTx,
  txid: BitcoinTxid,
  signatures: readonly Bytes[],
  peer: PeerId,
): Promise<Result<null, string>> {
  const unsigned = await getUnsigned(tx, txid);
  if (!unsigned) return err("there is no such unsigned transaction");
  const { bitcoinPks } = env.config;
  const key = bitcoinPks.get(peer);
  assert(key, "items come from guardians of the federation");
  if (!verifyFederationTx(bitcoinPks, unsigned, signatures, key)) return err("signatures are wrong");
  if (!await addSignatures(tx, txid, peer, signatures)) return err("this guardian has signed before");
  const all = await signaturesOf(tx, txid);
  if (all.size < env.peers.threshold) return ok(null);
  const signed = finaliseFederationTx(bitcoinPks, unsigned, all);
  await setSigned(tx, txid, signed);
  tx.onCommit(() =>
    env.log.info("A transaction of the federation is signed", { txid, inputs: signed.tx.inputs.length })
  );
  return ok(null);
}

async function processItem(
  env: WalletEnv,
  tx: StoreTx,
  hashOfKeys: Bytes,
  item: WalletConsensusItem,
  peer: PeerId,
  signal: AbortSignal,
): Promise<Result<null, string>> {
  switch (item.tag) {
    case "BlockCount":
      return await processBlockCount(env, tx, hashOfKeys, item.value, peer, signal);
    case "Feerate":
      if (await getFeerateVote(tx, peer) === item.value) return err("fee rate vote is redundant");
      setFeerateVote(tx, peer, item.value);
      return ok(null);
    case "Signatures":
      return await processSignatures(env, tx, item.value[0], item.value[1], peer);
    case "Default":
      return err(`unknown kind of item ${item.value.variant}`);
  }
}

async function propose(env: WalletEnv, tx: ReadTx): Promise<WalletConsensusItem[]> {
  const { bitcoinPks, network } = env.config;
  const items: WalletConsensusItem[] = [];
  for (const [txid, unsigned] of await unsignedTxs(tx)) {
    items.push({
      tag: "Signatures",
      value: [txid, signFederationTx(bitcoinPks, unsigned, env.privateConfig.bitcoinSk)],
    });
  }
  const status = await env.bitcoin.status();
  if (!status) return [...items, { tag: "Feerate", value: null }];
  assert(status.network === network, `the Bitcoin node is on ${network}`);
  const seen = Math.max(0, status.blockCount - BLOCK_COUNT_VOTE_DELAY);
  const agreed = await consensusBlockCount(tx, env.peers);
  const step = env.testEnvironment ? BLOCK_COUNT_STEP_MAX_TEST : BLOCK_COUNT_STEP_MAX;
  items.push({ tag: "BlockCount", value: BigInt(agreed === 0 ? seen : Math.min(seen, agreed + step)) });
  const { feerateSatPerKvb } = status;
  const feerate = feerateSatPerKvb !== null && feerateSatPerKvb < FEERATE_VOTE_MIN
    ? FEERATE_VOTE_MIN
    : feerateSatPerKvb;
  items.push({ tag: "Feerate", value: feerate });
  return items;
}

async function outputSlice(tx: ReadTx, start: number, end: number): Promise<OutputInfo[]> {
  const infos: OutputInfo[] = [];
  for (const { index, tracked } of await outputRange(tx, start, Math.min(end, start + OUTPUT_SLICE_MAX))) {
    const { outpoint, output } = tracked;
    // the filter alone gives an index; only what can be a deposit is shown
    if (scriptKind(output.script).kind !== "p2wsh") continue;
    const spent = await isSpent(tx, index);
    infos.push({ index, script: output.script, value: output.valueSat, spent, outpoint: spent ? null : outpoint });
  }
  return infos;
}

/** Hands every transaction that no block holds to the node: as soon as it is signed and on disk, then again and again. */
async function rebroadcast(env: WalletEnv): Promise<void> {
  while (!env.signal.aborted) {
    const round = new AbortController();
    const stop = AbortSignal.any([env.signal, round.signal]);
    const either = [env.store.changed(UNCONFIRMED, stop), sleep(env.platform.clock, pollMs(env), stop)];
    const wakes = Promise.race(either.map((wait) => wait.catch(() => undefined)));
    const { value, durable } = await env.store.transact((tx) => unconfirmedTxs(tx));
    await durable;
    for (const { tx } of value.values()) await env.bitcoin.broadcast(encode(bitcoinTransaction, tx));
    await wakes;
    round.abort();
  }
}

function endpoints(env: WalletEnv): WalletModule["api"] {
  const { store, config, peers } = env;
  const read = <T>(body: (tx: ReadTx) => Promise<T>): Promise<T> => readDurable(store, body);
  const plain = { since: SINCE, params: unit };
  return {
    consensus_block_count: endpoint({
      ...plain,
      result: u64Number,
      handle: () => read((tx) => consensusBlockCount(tx, peers)),
    }),
    consensus_feerate: endpoint({
      ...plain,
      result: option(u64),
      handle: () => read((tx) => consensusFeerate(tx, peers)),
    }),
    federation_wallet: endpoint({
      ...plain,
      result: option(federationWallet),
      handle: () => read(async (tx) => await getWallet(tx) ?? null),
    }),
    send_fee: endpoint({
      ...plain,
      result: option(satoshi),
      handle: () => read((tx) => consensusFee(tx, config, peers, config.sendTxVbytes)),
    }),
    receive_fee: endpoint({
      ...plain,
      result: option(satoshi),
      handle: () => read((tx) => consensusFee(tx, config, peers, config.receiveTxVbytes)),
    }),
    transaction_id: endpoint({
      since: SINCE,
      params: outPoint,
      result: option(bitcoinTxid),
      handle: (at) => read((tx) => txidOfOutput(tx, at)),
    }),
    output_info_slice: endpoint({
      since: SINCE,
      params: tuple(u64Number, u64Number),
      result: list(outputInfo),
      handle: ([start, end]) => read((tx) => outputSlice(tx, start, end)),
    }),
    pending_transaction_chain: endpoint({
      ...plain,
      result: list(txInfo),
      handle: () => read(async (tx) => await txInfos(tx, (await pendingTxs(tx)).length)),
    }),
    transaction_chain: endpoint({ ...plain, result: list(txInfo), handle: () => read((tx) => txInfos(tx)) }),
  };
}

export const walletv2Server = defineServerModule({
  kind: WALLETV2_KIND,
  consensusVersion: WALLETV2_CONSENSUS_VERSION,
  apiVersions: [WALLETV2_API_VERSION],
  codecs: {
    config: walletConfig,
    input: walletInput,
    output: walletOutput,
    outputOutcome: walletOutputOutcome,
    consensusItem: walletConsensusItem,
    inputError: walletInputError,
    outputError: walletOutputError,
  },
  privateConfig: walletPrivateConfig,
  generate: async (rounds, { network }, platform) => {
    let bitcoinSk = platform.dice.bytes(32);
    while (!isSecretKey(bitcoinSk)) bitcoinSk = platform.dice.bytes(32);
    const keys = await rounds.exchange(publicKeyOf(bitcoinSk));
    const bitcoinPks = new Map([...keys].map(([peer, bytes]) => [peer, decode(publicKey, bytes)]));
    return { config: newWalletConfig(bitcoinPks, network), privateConfig: { bitcoinSk } };
  },
  validate: (config, { bitcoinSk }, identity) => {
    const own = config.bitcoinPks.get(identity);
    if (!own) return err("the wallet's config has no key of this guardian");
    return equalBytes(own, publicKeyOf(bitcoinSk))
      ? ok(null)
      : err("the wallet's secret key doesn't fit the key in the config");
  },
  clientConfig: (config) => ({ bytes: encode(walletConfig, config), json: walletConfig.toJson(config) }),
  start: (env) => {
    const hashOfKeys = keysHash(env.config.bitcoinPks);
    const module: WalletModule = {
      processInput: (tx, input) => processInput(env, tx, input),
      processOutput: (tx, output, at) => processOutput(env, tx, output, at),
      processItem: (tx, item, peer, signal) => processItem(env, tx, hashOfKeys, item, peer, signal),
      outputOutcome: () => Promise.resolve(null),
      propose: (tx) => propose(env, tx),
      audit: async (tx) => ((await getWallet(tx))?.value ?? 0n) * 1000n,
      api: endpoints(env),
      background: () => rebroadcast(env),
    };
    return Promise.resolve(module);
  },
});
