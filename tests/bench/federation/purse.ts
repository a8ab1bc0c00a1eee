/**
 * Notes for a load, without what a wallet does for its own sake (searching tweaks, checking shares, keeping books). All
 * of it is done before the clock starts.
 */
import type { Dice } from "../../../actors/platform/platform.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import type { FederationClient } from "../../../client/mod.ts";
import { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import { combineShares } from "../../../core/crypto/tbs.ts";
import { list, moduleEncoding } from "../../../core/encoding/mod.ts";
import { ok } from "../../../core/result.ts";
import { g1Point } from "../../../core/types/bls.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { ModuleInstanceId } from "../../../core/types/ids.ts";
import { outPointRange } from "../../../core/types/ids.ts";
import type { NumPeers } from "../../../core/types/num_peers.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import {
  transaction as transactionCodec,
  transactionIdOf,
  transactionSubmissionOutcome,
} from "../../../core/types/transaction.ts";
import { signTransaction } from "../../../core/types/transaction_signing.ts";
import type { FederationApi } from "../../../modules/contract/federation_api.ts";
import { mintv2Client } from "../../../modules/mintv2/client.ts";
import type { NoteIssuanceRequest } from "../../../modules/mintv2/client/issuance.ts";
import { finishNote, noteRequest, requestOutput, TWEAK_BYTES } from "../../../modules/mintv2/client/issuance.ts";
import { mintInput, mintOutput } from "../../../modules/mintv2/common.ts";
import type { Denomination } from "../../../modules/mintv2/denomination.ts";
import { denominationAmount } from "../../../modules/mintv2/denomination.ts";
import type { SpendableNote } from "../../../modules/mintv2/ecash.ts";
import { ecashNotes, noteOf, parseEcash } from "../../../modules/mintv2/ecash.ts";

const { clock, dice } = realPlatform();

/** How guardians are given a transaction, and what they answer. */
export const submission = {
  params: moduleEncoding(transactionCodec),
  result: moduleEncoding(transactionSubmissionOutcome),
};

export type Mint = {
  readonly api: FederationApi;
  readonly module: FederationApi;
  readonly instance: ModuleInstanceId;
  readonly peers: NumPeers;
  readonly secret: DerivableSecret;
  readonly dice: Dice;
};

/** @param peers guardians of the wallet's federation, which takes no fees */
export function mintOf(wallet: FederationClient, peers: number): Mint {
  const { instance } = wallet.client.primary(), { api } = wallet.client.running;
  const secret = DerivableSecret.root(dice.bytes(32), new Uint8Array(0));
  return { api, module: api.forModule(instance), instance, peers: numPeers(peers), secret, dice };
}

/** @throws {Error} when guardians refuse */
export async function submit(api: FederationApi, params: ReturnType<typeof submission.params.toJson>): Promise<void> {
  const answer = await api.consensus({ method: "submit_transaction", params, result: submission.result });
  if (!answer.ok) throw new Error(`Guardians refused a transaction: ${answer.error.tag}`);
}

/** A new note of each denomination. */
function requestsOf({ secret, dice }: Mint, denominations: readonly Denomination[]): NoteIssuanceRequest[] {
  return denominations.map((denomination) => noteRequest(secret, denomination, dice.bytes(TWEAK_BYTES)));
}

function signed(
  { instance, dice }: Mint,
  notes: readonly SpendableNote[],
  requests: readonly NoteIssuanceRequest[],
): Transaction {
  const unsigned = {
    inputs: notes.map((note) => toDyn(instance, mintInput, { tag: "V0", value: { note: noteOf(note) } })),
    outputs: requests.map((request) => toDyn(instance, mintOutput, requestOutput(request))),
    nonce: dice.bytes(8),
  };
  return signTransaction(unsigned, notes.map(({ keypair }) => keypair), () => dice.bytes(32));
}

/** The notes for new ones of the same denominations. */
export function renewal(mint: Mint, notes: readonly SpendableNote[]): Transaction {
  return signed(mint, notes, requestsOf(mint, notes.map(({ denomination }) => denomination)));
}

/** The call for the shares of all that a transaction issued. */
export function sharesCall(tx: Transaction) {
  const range = { txid: transactionIdOf(tx), idxRange: { start: 0, end: tx.outputs.length } };
  return { method: "signature_shares", params: outPointRange.toJson(range) };
}

/** New notes, and how long their transaction took from its submission to its acceptance. */
export type Exchanged = { readonly notes: SpendableNote[]; readonly acceptedMs: number };

/** Notes for others of the same worth. @throws {Error} when guardians refuse */
export async function exchange(
  mint: Mint,
  notes: readonly SpendableNote[],
  denominations: readonly Denomination[],
): Promise<Exchanged> {
  const requests = requestsOf(mint, denominations), tx = signed(mint, notes, requests);
  const begunMs = clock.monotonicMs();
  await submit(mint.api, submission.params.toJson(tx));
  const acceptedMs = clock.monotonicMs() - begunMs;
  const call = { ...sharesCall(tx), result: list(g1Point) };
  const answers = await mint.module.threshold(call, (_, shares) => ok(shares), { retry: true });
  const issued = requests.map((request, i) => {
    const shares = new Map([...answers].map(([peer, all]) => [peer, all[i]!]));
    return finishNote(request, combineShares(shares, mint.peers.threshold));
  });
  return { notes: issued, acceptedMs };
}

export function worthMsat(denominations: readonly Denomination[]): bigint {
  return denominations.reduce((sum, denomination) => sum + denominationAmount(denomination), 0n);
}

/** The fewest notes that are worth it: the bits of the number. */
export function fewestNotes(msat: bigint): Denomination[] {
  return [...msat.toString(2)].reverse().flatMap((bit, denomination) => bit === "1" ? [denomination] : []);
}

/** Outputs of a transaction: it has 50,000 bytes at most, an output some 70, an input 220. */
const OUTPUTS_MAX = 250;
/** Notes of one worth, to be split further, in one transaction. */
const SPLITS_MAX = 16;

/** How many bundles of so many notes `Purse.bundles` can make at most. */
export function bundlesMax(notes: number): number {
  return SPLITS_MAX * Math.floor(OUTPUTS_MAX / notes);
}

/** Notes that are only changed for others. */
export class Purse {
  readonly mint: Mint;
  #notes: readonly SpendableNote[];

  private constructor(mint: Mint, notes: readonly SpendableNote[]) {
    this.mint = mint;
    this.#notes = notes;
  }

  /** @param msat a multiple of what clients' smallest notes are worth */
  static async withdraw(wallet: FederationClient, mint: Mint, msat: bigint): Promise<Purse> {
    const { texts } = await wallet.use(mintv2Client).send(msat);
    return new Purse(mint, texts.flatMap((text) => ecashNotes(parseEcash(text))));
  }

  /** So many times notes of these denominations, ready to be spent. @throws {RangeError} more than `bundlesMax` */
  async bundles(denominations: readonly Denomination[], count: number): Promise<SpendableNote[][]> {
    const most = bundlesMax(denominations.length), size = denominations.length;
    if (count > most) throw new RangeError(`${count} bundles of ${size} notes are more than ${most}`);
    const atOnce = most / SPLITS_MAX, parts: number[] = [];
    for (let left = count; left > 0; left -= atOnce) parts.push(Math.min(left, atOnce));
    const wanted = parts.map((part) => fewestNotes(worthMsat(denominations) * BigInt(part)));
    const taken = await this.#take(wanted.flat());
    const made = await Promise.all(parts.map(async (part, i) => {
      const spent = taken.splice(0, wanted[i]!.length);
      const { notes } = await exchange(this.mint, spent, Array.from({ length: part }, () => denominations).flat());
      return notes;
    }));
    return made.flatMap((notes) =>
      Array.from({ length: notes.length / size }, (_, i) => notes.slice(i * size, (i + 1) * size))
    );
  }

  async #take(denominations: readonly Denomination[]): Promise<SpendableNote[]> {
    const haveMsat = worthMsat(this.#notes.map(({ denomination }) => denomination));
    const change = fewestNotes(haveMsat - worthMsat(denominations));
    const { notes } = await exchange(this.mint, this.#notes, [...denominations, ...change]);
    this.#notes = notes.slice(denominations.length);
    return notes.slice(0, denominations.length);
  }
}
