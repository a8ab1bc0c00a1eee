/**
 * A walletv2 federation over a chain of scripted blocks, without a ceremony, network or consensus: for tests of
 * guardians and of clients.
 */
import { assertEquals } from "@std/assert";
import type { LogRecord } from "../../../actors/logger.ts";
import type { Clock } from "../../../actors/platform/platform.ts";
import type { StoreView } from "../../../actors/store/store.ts";
import type { BitcoinNetwork, BitcoinTransaction, TxOut } from "../../../core/bitcoin/mod.ts";
import { bitcoinTransaction, bitcoinTxidOf, block, merkleRootOf } from "../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { utf8 } from "../../../core/bytes.ts";
import { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import { decode, encode } from "../../../core/encoding/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { InPoint, OutPoint, PeerId } from "../../../core/types/ids.ts";
import type { BitcoinSource, BitcoinStatus } from "../../contract/bitcoin.ts";
import type { InputMeta, OutputMeta, ServerModuleEnv } from "../../contract/server.ts";
import { dealtRounds, dicePlatform, dump, onAll, seededDice, testEnv, testStore } from "../../contract/testing/mod.ts";
import type { AddressSearch } from "../client/address_search.ts";
import { addressAt, addressSearch } from "../client/address_search.ts";
import type { WalletConsensusItem, WalletInput, WalletInputError, WalletOutput, WalletOutputError } from "../common.ts";
import type { WalletConfig, WalletPrivateConfig } from "../config.ts";
import { unconfirmedTxs } from "../server/db.ts";
import { parentsFirst } from "../server/rebroadcast.ts";
import { walletv2Server } from "../server.ts";
import type { StandardScript } from "../standard_script.ts";

type WalletModule = Awaited<ReturnType<typeof walletv2Server.start>>;

/** The secret of the depositor in all tests. */
export const DEPOSITOR = DerivableSecret.root(utf8("a depositor of tests"), utf8("walletv2"));

/**
 * The depositor's first indices whose addresses pass the filter of the test federation with so many guardians: found
 * once, since each takes seconds. `../client/address_search_test.ts` holds that they pass.
 */
export const VALID_INDICES: Readonly<Record<number, readonly number[]>> = {
  1: [22_327, 32_739, 61_116, 111_383],
  4: [12_296, 93_816, 121_565, 216_806, 295_303],
};

/** The same depositor's secret in another program, and its first indices that pass with four guardians. */
export const ELSEWHERE = DerivableSecret.root(utf8("the same words in another program"), utf8("walletv2"));
export const INDICES_ELSEWHERE: readonly number[] = [15_043, 33_595, 214_254];

export type TestGuardian = {
  readonly store: StoreView;
  readonly module: WalletModule;
  readonly env: ServerModuleEnv<WalletConfig, WalletPrivateConfig>;
  /** What it handed to its node, oldest first. */
  readonly broadcasts: BitcoinTransaction[];
  readonly records: LogRecord[];
};

/** One chain that all guardians' nodes see. Blocks are taken as they come: nothing checks them. */
export class TestChain {
  network: BitcoinNetwork = "regtest";
  feerateSatPerKvb: bigint | null = 1_000n;
  reachable = true;
  /** Why nodes take no transaction, or null. */
  refusal: string | null = null;
  readonly #blocks: Bytes[] = [];

  get blockCount(): number {
    return this.#blocks.length;
  }

  mine(...transactions: readonly BitcoinTransaction[]): void {
    const txids = transactions.map(bitcoinTxidOf);
    const header = {
      version: 4,
      prevBlockhash: "00".repeat(32),
      merkleRoot: txids.length > 0 ? merkleRootOf(txids) : "00".repeat(32),
      time: this.#blocks.length,
      bits: 0x207fffff,
      nonce: 0,
    };
    this.#blocks.push(encode(block, { header, transactions }));
  }

  mineEmpty(count: number): void {
    for (let i = 0; i < count; i++) this.mine();
  }

  status(): BitcoinStatus | null {
    if (!this.reachable) return null;
    const { network, feerateSatPerKvb, blockCount } = this;
    return { network, chainId: "00".repeat(32), blockCount, feerateSatPerKvb, syncProgress: null };
  }

  source(broadcasts: BitcoinTransaction[]): BitcoinSource {
    return {
      status: () => Promise.resolve(this.status()),
      blockAt: (height) => Promise.resolve(this.#blocks[height]!),
      broadcast: (raw) => {
        broadcasts.push(decode(bitcoinTransaction, raw));
        return Promise.resolve(this.refusal === null ? ok(null) : err(this.refusal));
      },
    };
  }
}

export type TestWallet = {
  readonly config: WalletConfig;
  readonly guardians: readonly TestGuardian[];
  readonly chain: TestChain;
  /** The depositor's addresses in this federation. */
  readonly search: AddressSearch;
};

export type TestWalletOptions = {
  readonly guardians?: number;
  readonly network?: BitcoinNetwork;
  readonly chain?: TestChain;
  readonly testEnvironment?: boolean;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** Other nodes than the scripted chain's. */
  readonly source?: (broadcasts: BitcoinTransaction[]) => BitcoinSource;
};

/** Keys depend on nothing but the number of guardians. */
export async function testWallet(options: TestWalletOptions = {}): Promise<TestWallet> {
  const total = options.guardians ?? 4, network = options.network ?? "regtest";
  const chain = options.chain ?? new TestChain();
  chain.network = network;
  const params = { network, disableBaseFees: false };
  const generated = await Promise.all(
    dealtRounds(total, seededDice(0)).map((rounds) =>
      walletv2Server.distributedGen(rounds, params, dicePlatform(rounds.identity + 1))
    ),
  );
  const guardians: TestGuardian[] = [];
  for (const [identity, configs] of generated.entries()) {
    const store = await testStore(), broadcasts: BitcoinTransaction[] = [], records: LogRecord[] = [];
    const plain = testEnv({ store, ...configs, identity, guardians: total, seed: identity + 100, records });
    const { clock } = options;
    const env = {
      ...plain,
      bitcoin: (options.source ?? ((list) => chain.source(list)))(broadcasts),
      testEnvironment: options.testEnvironment ?? true,
      ...(clock && { platform: { dice: plain.platform.dice, clock } as typeof plain.platform }),
      ...(options.signal && { signal: options.signal }),
    };
    guardians.push({ store, module: await walletv2Server.start(env), env, broadcasts, records });
  }
  const { config } = generated[0]!;
  return { config, guardians, chain, search: addressSearch(config.bitcoinPks, DEPOSITOR) };
}

/** The n-th address of the depositor that passes the filter. */
export function depositAddress(wallet: TestWallet, number: number) {
  return addressAt(wallet.search, VALID_INDICES[wallet.guardians.length]![number]!);
}

let transactionsMade = 0;

/** A transaction from elsewhere that pays these outputs; no two are equal. */
export function payment(...outputs: readonly TxOut[]): BitcoinTransaction {
  const txid = (++transactionsMade).toString(16).padStart(64, "0");
  const input = { outPoint: { txid, vout: 0 }, scriptSig: new Uint8Array(0), sequence: 0xffffffff, witness: [] };
  return { version: 2, lockTime: 0, inputs: [input], outputs };
}

const context = { signal: new AbortController().signal };
const NO_TRANSACTION = "00".repeat(32);

export function order(wallet: TestWallet, item: WalletConsensusItem, peer: PeerId): Promise<Result<null, string>> {
  return onAll(wallet.guardians, ({ module }, tx) => module.processConsensusItem(tx, item, peer, context.signal));
}

export function claim(
  wallet: TestWallet,
  input: WalletInput,
  inPoint: InPoint = { txid: NO_TRANSACTION, inIdx: 0 },
): Promise<Result<InputMeta, WalletInputError>> {
  return onAll(wallet.guardians, ({ module }, tx) => module.processInput(tx, input, inPoint));
}

export function send(
  wallet: TestWallet,
  output: WalletOutput,
  at: OutPoint = { txid: NO_TRANSACTION, outIdx: 0 },
): Promise<Result<OutputMeta, WalletOutputError>> {
  return onAll(wallet.guardians, ({ module }, tx) => module.processOutput(tx, output, at));
}

/** What an endpoint of a guardian answers. */
export function ask({ module }: TestGuardian, method: string, params: Json = null): Promise<Json> {
  return module.apiEndpoints[method]!.handle(params, context);
}

/** What guardians propose, ordered, until nobody has anything to say. @returns how many items were accepted */
export async function agree(wallet: TestWallet): Promise<number> {
  let accepted = 0;
  for (;;) {
    let changed = false;
    for (const { store, module, env } of wallet.guardians) {
      for (const item of await store.read((tx) => module.consensusProposal(tx))) {
        if ((await order(wallet, item, env.identity)).ok) {
          changed = true;
          accepted++;
        }
      }
    }
    if (!changed) return accepted;
  }
}

/**
 * What guardians have signed, after they agreed on all there is to say, and no block holds yet: the same for each of
 * them.
 */
export async function signedTransactions(wallet: TestWallet): Promise<readonly BitcoinTransaction[]> {
  await agree(wallet);
  const all = await Promise.all(
    wallet.guardians.map(({ store }) => store.read(async (tx) => parentsFirst(await unconfirmedTxs(tx)))),
  );
  for (const transactions of all) assertEquals(transactions, all[0]);
  return all[0]!;
}

/** Blocks until the last of these transactions is deep enough, and guardians that agree on them. */
export async function confirm(wallet: TestWallet, ...transactions: readonly BitcoinTransaction[]): Promise<void> {
  wallet.chain.mine(...transactions);
  wallet.chain.mineEmpty(8);
  await agree(wallet);
}

const DESTINATION: StandardScript = { tag: "P2WPKH", value: new Uint8Array(20).fill(7) };
/** What four guardians ask of a claim and of a payment with nothing pending, at 1 sat a vbyte. */
export const RECEIVE_FEE = 316n;
export const SEND_FEE = 228n;

export function deposit(wallet: TestWallet, number: number, valueSat: bigint): BitcoinTransaction {
  return payment({ valueSat, script: depositAddress(wallet, number).script });
}

export function claimOf(wallet: TestWallet, outputIndex: bigint, number: number, fee = RECEIVE_FEE): WalletInput {
  return { tag: "V0", value: { outputIndex, tweak: depositAddress(wallet, number).publicKey, fee } };
}

export function paymentOf(value: bigint, fee = SEND_FEE, destination = DESTINATION): WalletOutput {
  return { tag: "V0", value: { destination, value, fee } };
}

/** A federation that agrees on fees and holds one claimed deposit, of index 0. */
export async function funded(valueSat: bigint, options: TestWalletOptions = {}): Promise<TestWallet> {
  const wallet = await testWallet(options);
  await confirm(wallet, deposit(wallet, 0, valueSat));
  assertEquals((await claim(wallet, claimOf(wallet, 0n, 0))).ok, true);
  return wallet;
}

export function federationWallet(wallet: TestWallet) {
  return ask(wallet.guardians[0]!, "federation_wallet") as Promise<{ value: number; outpoint: string; tweak: string }>;
}

export async function assertEqualStores(wallet: TestWallet): Promise<void> {
  const first = await dump(wallet.guardians[0]!.store);
  for (const { store } of wallet.guardians) assertEquals(await dump(store), first);
}
