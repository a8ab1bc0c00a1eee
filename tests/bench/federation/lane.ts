/**
 * A load of e-cash transactions for guardians: ten notes in, ten of the same denominations out, one transaction after
 * the other. It does without what a wallet does for its own sake (searching tweaks, checking shares, keeping books), as
 * that would share the guardians' cores.
 */
import type { Dice } from "../../../actors/platform/platform.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import type { FederationClient } from "../../../client/mod.ts";
import { encode, list, moduleEncoding } from "../../../core/encoding/mod.ts";
import { combineShares } from "../../../core/crypto/tbs.ts";
import { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
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
import { mintInput, mintOutput } from "../../../modules/mintv2/common.ts";
import { denominationAmount } from "../../../modules/mintv2/denomination.ts";
import type { SpendableNote } from "../../../modules/mintv2/ecash.ts";
import { ecashNotes, noteOf, parseEcash } from "../../../modules/mintv2/ecash.ts";
import type { NoteIssuanceRequest } from "../../../modules/mintv2/client/issuance.ts";
import { finishNote, noteRequest, requestOutput, TWEAK_BYTES } from "../../../modules/mintv2/client/issuance.ts";

const outcome = moduleEncoding(transactionSubmissionOutcome);
const encodedTransaction = moduleEncoding(transactionCodec);
const shareList = list(g1Point);

const platform = realPlatform();
/** Ten notes, each of another denomination. */
const LANE_MSAT = [...Array(10).keys()].reduce((sum, i) => sum + denominationAmount(10 + i), 0n);

export type LaneEnv = {
  readonly api: FederationApi;
  readonly mint: FederationApi;
  readonly instance: ModuleInstanceId;
  readonly peers: NumPeers;
  readonly secret: DerivableSecret;
  readonly dice: Dice;
  readonly nowMs: () => number;
};

/** What a transaction took from its submission to its acceptance, ms. */
export type Latency = number;

export class Lane {
  readonly #env: LaneEnv;
  #notes: readonly SpendableNote[];

  /** Without fees, so that as many notes come as go. */
  constructor(env: LaneEnv, notes: readonly SpendableNote[]) {
    this.#env = env;
    this.#notes = notes;
  }

  /** @throws {Error} when guardians refuse */
  async turn(): Promise<Latency> {
    const { api, dice, secret, nowMs } = this.#env;
    const requests = this.#notes.map(({ denomination }) => noteRequest(secret, denomination, dice.bytes(TWEAK_BYTES)));
    const tx = this.#transaction(requests);
    const begunMs = nowMs();
    const submitted = await api.consensus({
      method: "submit_transaction",
      params: encodedTransaction.toJson(tx),
      result: outcome,
    });
    const tookMs = nowMs() - begunMs;
    if (!submitted.ok) throw new Error(`Guardians refused a transaction: ${submitted.error.tag}`);
    this.#notes = await this.#issued(tx, requests);
    return tookMs;
  }

  /** Bytes of a transaction of this lane. */
  get transactionBytes(): number {
    const { secret, dice } = this.#env;
    const requests = this.#notes.map(({ denomination }) => noteRequest(secret, denomination, dice.bytes(TWEAK_BYTES)));
    return encode(transactionCodec, this.#transaction(requests)).length;
  }

  #transaction(requests: readonly NoteIssuanceRequest[]): Transaction {
    const { instance, dice } = this.#env;
    const unsigned = {
      inputs: this.#notes.map((note) => toDyn(instance, mintInput, { tag: "V0", value: { note: noteOf(note) } })),
      outputs: requests.map((request) => toDyn(instance, mintOutput, requestOutput(request))),
      nonce: dice.bytes(8),
    };
    return signTransaction(unsigned, this.#notes.map(({ keypair }) => keypair), () => dice.bytes(32));
  }

  async #issued(tx: Transaction, requests: readonly NoteIssuanceRequest[]): Promise<SpendableNote[]> {
    const range = { txid: transactionIdOf(tx), idxRange: { start: 0, end: requests.length } };
    const answers = await this.#env.mint.threshold(
      { method: "signature_shares", params: outPointRange.toJson(range), result: shareList },
      (_, shares) => ok(shares),
      { retry: true },
    );
    return requests.map((request, i) => {
      const shares = new Map([...answers].map(([peer, all]) => [peer, all[i]!]));
      return finishNote(request, combineShares(shares, this.#env.peers.threshold));
    });
  }
}

/** Lanes with ten notes each of a wallet's money. @param peers guardians of the federation */
export async function lanesOf(wallet: FederationClient, count: number, peers: number): Promise<Lane[]> {
  const { instance } = wallet.client.primary();
  const { api } = wallet.client.running;
  const env = {
    api,
    mint: api.forModule(instance),
    instance,
    peers: numPeers(peers),
    secret: DerivableSecret.root(platform.dice.bytes(32), new Uint8Array(0)),
    dice: platform.dice,
    nowMs: () => platform.clock.monotonicMs(),
  };
  const mint = wallet.use(mintv2Client);
  const lanes: Lane[] = [];
  for (let i = 0; i < count; i++) {
    const { texts: [text] } = await mint.send(LANE_MSAT);
    lanes.push(new Lane(env, ecashNotes(parseEcash(text))));
  }
  return lanes;
}
