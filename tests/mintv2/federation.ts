/**
 * mintv2's own guardians behind a script: what a client submits is processed at once, in the same order by all of them.
 * No Bitcoin and no consensus; clients reach them over (simulated) WebSockets.
 */
import { quietModules } from "../../client/cli/testing/mod.ts";
import { Client } from "../../client/core/client.ts";
import { startGuardians, toyFederation } from "../../client/testing/federation.ts";
import type { ToyFederation } from "../../client/testing/federation.ts";
import { FederationClient } from "../../client/mod.ts";
import type { Asked, Script } from "../../client/testing/world.ts";
import { type ClientWorld, Refusal } from "../../client/testing/world.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { decode, encode, moduleEncoding } from "../../core/encoding/mod.ts";
import { err, ok } from "../../core/result.ts";
import { toDyn } from "../../core/types/dyn.ts";
import type { TransactionId } from "../../core/types/ids.ts";
import type { TransactionSubmissionOutcome } from "../../core/types/transaction.ts";
import { transaction, transactionIdOf, transactionSubmissionOutcome } from "../../core/types/transaction.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import { rollback } from "../../actors/store/store.ts";
import {
  mintInput,
  mintInputError,
  mintOutput,
  MINTV2_CONSENSUS_VERSION,
  MINTV2_KIND,
} from "../../modules/mintv2/common.ts";
import { mintConfig } from "../../modules/mintv2/config.ts";
import type { SpendableNote } from "../../modules/mintv2/ecash.ts";
import { formatEcash, makeEcash } from "../../modules/mintv2/ecash.ts";
import type { TestGuardian, TestMint } from "../../modules/mintv2/testing/federation.ts";
import { issueNote, testMint } from "../../modules/mintv2/testing/federation.ts";

const MINT = 0;
const PREFIX = `module_${MINT}_`;
const encodedTransaction = moduleEncoding(transaction), outcome = moduleEncoding(transactionSubmissionOutcome);

/** What a guardian answers instead of the truth; undefined: the truth. */
export type Lie = (asked: Asked, truth: () => Promise<Json>) => Json | Promise<Json> | undefined;

/** Every transaction is refused, as if its notes were spent. */
export const refusing: Lie = ({ method }) =>
  method === "submit_transaction"
    ? outcome.toJson(err({ tag: "Input", value: toDyn(MINT, mintInputError, { tag: "SpentCoin", value: null }) }))
    : undefined;

export class MintFederation {
  readonly mint: TestMint;
  readonly toy: ToyFederation;
  lie: Lie = () => undefined;
  readonly #outcomes = new Map<TransactionId, Promise<TransactionSubmissionOutcome>>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(mint: TestMint) {
    this.mint = mint;
    const config = { instance: MINT, body: encode(mintConfig, mint.config) };
    const configs = new Map([[MINT, { kind: MINTV2_KIND, version: MINTV2_CONSENSUS_VERSION, config }]]);
    this.toy = toyFederation({ guardians: mint.guardians.length, configs });
  }

  static async start(
    world: ClientWorld,
    { seed = 1, fees = false }: { readonly seed?: number; readonly fees?: boolean } = {},
  ): Promise<MintFederation> {
    const federation = new MintFederation(await testMint({ seed, disableBaseFees: !fees }));
    await world.finish(startGuardians(world, federation.toy, federation.#script));
    return federation;
  }

  readonly #script: Script = (asked) => {
    const truth = () => this.#truth(asked);
    return this.lie(asked, truth) ?? truth();
  };

  async #truth(asked: Asked): Promise<Json> {
    const { method, params, peer } = asked;
    if (method === "submit_transaction") return outcome.toJson(await this.#submit(params));
    if (method === "await_transaction") {
      const processed = await this.#outcomes.get(params as TransactionId);
      return processed?.ok ? params : await new Promise<never>(() => {});
    }
    const endpoint = method.startsWith(PREFIX) &&
      this.mint.guardians[peer]!.module.apiEndpoints[method.slice(PREFIX.length)];
    if (!endpoint) return await this.toy.honest(asked);
    try {
      return await endpoint.handle(params, { signal: new AbortController().signal });
    } catch (thrown) {
      if (!(thrown instanceof EndpointError)) throw thrown;
      throw new Refusal(thrown.facts.rpcCode, thrown.message);
    }
  }

  /** One after the other, each once. */
  #submit(params: Json): Promise<TransactionSubmissionOutcome> {
    const txid = transactionIdOf(encodedTransaction.fromJson(params));
    const processed = this.#outcomes.get(txid) ?? this.#turn.then(() => this.#processOnAll(params, txid));
    this.#outcomes.set(txid, processed);
    this.#turn = processed;
    return processed;
  }

  async #processOnAll(params: Json, txid: TransactionId): Promise<TransactionSubmissionOutcome> {
    const results: TransactionSubmissionOutcome[] = [];
    for (const guardian of this.mint.guardians) results.push(await this.#process(guardian, params, txid));
    return results[0]!;
  }

  async #process(guardian: TestGuardian, params: Json, txid: TransactionId): Promise<TransactionSubmissionOutcome> {
    const { inputs, outputs } = encodedTransaction.fromJson(params);
    const decoded = inputs.map(({ body }) => decode(mintInput, body));
    // as the engine does before it processes
    await guardian.module.prepareInputs?.([decoded]);
    const { value } = await guardian.store.transact<TransactionSubmissionOutcome>(async (tx) => {
      for (const [inIdx, input] of decoded.entries()) {
        const done = await guardian.module.processInput(tx, input, { txid, inIdx });
        if (done.ok) continue;
        return rollback<TransactionSubmissionOutcome>(
          err({ tag: "Input", value: toDyn(MINT, mintInputError, done.error) }),
        );
      }
      for (const [outIdx, { body }] of outputs.entries()) {
        const done = await guardian.module.processOutput(tx, decode(mintOutput, body), { txid, outIdx });
        if (!done.ok) throw new Error(`An honest client's output was refused: ${done.error.tag}`);
      }
      return ok(txid);
    });
    return value;
  }

  /** A fresh note that all guardians signed. */
  async note(denomination: number): Promise<SpendableNote> {
    const { secretKey, signature } = await issueNote(this.mint, denomination);
    return { denomination, keypair: secretKey, signature };
  }

  text(...notes: readonly SpendableNote[]): string {
    return formatEcash(makeEcash(this.toy.invite.federationId, notes));
  }

  /** A wallet on the world's machine. @param modules by default those that do nothing in the background */
  async wallet(world: ClientWorld, path?: string, modules = quietModules): Promise<FederationClient> {
    const store = await world.finish(world.openStore(path));
    const options = { platform: world.platform, store, modules, log: () => {} };
    const client = await world.finish(Client.open(options));
    if (!client.isJoined) await world.finish(client.join(this.toy.invite));
    return new FederationClient(client);
  }
}
