/**
 * A federation of walletv2's own guardians behind the client's own way of asking, without network and consensus: what a
 * client submits is processed at once, in the same order by all guardians, as the engine processes it.
 */
import type { Sender } from "../../actors/actor.ts";
import { refTo } from "../../actors/protocol.ts";
import type { RpcError, RpcRef } from "../../actors/rpc/mod.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { rollback } from "../../actors/store/store.ts";
import type { StoreTx } from "../../actors/store/store.ts";
import { assert } from "../../core/assert.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { isJsonObject, moduleEncoding, stringifyJson } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { toDyn } from "../../core/types/dyn.ts";
import type { PeerId, TransactionId } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { TransactionSubmissionOutcome } from "../../core/types/transaction.ts";
import { transaction, transactionSubmissionOutcome } from "../../core/types/transaction.ts";
import { ConnectedFederationApi } from "../../client/federation/api.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import { walletv2Server } from "../../modules/walletv2/server.ts";
import type { TestGuardian, TestWallet } from "../../modules/walletv2/testing/federation.ts";
import { modulePrefix } from "../../server/consensus/store/db.ts";
import type { ModuleRef } from "../../server/consensus/engine/module_actor.ts";
import { decodeTransaction, modulesWith, processTransaction } from "../../server/consensus/engine/transaction.ts";
import { purseCodecs, purseGuardian } from "./purse.ts";

export const PURSE = 2, WALLET = 3;

const encodedTransaction = moduleEncoding(transaction), outcome = moduleEncoding(transactionSubmissionOutcome);
const MODULES = modulesWith(
  new Map<number, ModuleRef>([[PURSE, refTo("purse")], [WALLET, refTo("wallet")]]),
  new Map([[PURSE, purseCodecs], [WALLET, walletv2Server.codecs]]),
);
const VERSION = { major: 2, minor: 1 };

/** A guardian's modules as the engine asks them. */
function modulesOf({ module }: TestGuardian): Sender {
  // deno-lint-ignore no-explicit-any -- the engine's requests to modules of any kind
  const ask = async (ref: ModuleRef, type: string, args: any): Promise<unknown> => {
    const purse = ref.path === "purse";
    switch (type) {
      case "verifyInput":
        return true;
      case "processInput": {
        if (purse) return ok(purseGuardian.input(args.input));
        const result = await module.processInput(args.tx, args.input, args.inPoint);
        return result.ok ? result : err(toDyn(WALLET, walletv2Server.codecs.inputError, result.error));
      }
      case "processOutput": {
        if (purse) return ok(purseGuardian.output(args.output));
        const result = await module.processOutput(args.tx, args.output, args.outPoint);
        return result.ok ? result : err(toDyn(WALLET, walletv2Server.codecs.outputError, result.error));
      }
      default:
        throw new Error(`The engine asks ${type}`);
    }
  };
  return { ask, tell: () => {} } as unknown as Sender;
}

const prefix = modulePrefix(WALLET);

/** The wallet's part of a guardian's transaction; the purse stores nothing. */
function rootOf(tx: StoreTx): StoreTx {
  return {
    view: (asked: Uint8Array) => asked.every((byte, i) => byte === prefix[i]) ? tx : null,
  } as unknown as StoreTx;
}

type Processed = Awaited<ReturnType<typeof processTransaction>>;

export class TestFederation {
  readonly wallet: TestWallet;
  /** Guardians that don't answer. */
  readonly down = new Set<PeerId>();
  /** What guardians answer instead: `peer method` → JSON. */
  readonly lies = new Map<string, Json>();
  /** One guardian that changes its answers. */
  evil: { readonly peer: PeerId; readonly change: (method: string, truth: Json) => Json } | null = null;
  /** Calls by method, over all guardians. */
  readonly calls = new Map<string, number>();
  /** While true, submitted transactions are neither accepted nor refused. */
  paused = false;
  readonly #accepted = new Set<TransactionId>();
  readonly #waiters = new Map<TransactionId, PromiseWithResolvers<void>>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(wallet: TestWallet) {
    this.wallet = wallet;
  }

  get accepted(): number {
    return this.#accepted.size;
  }

  /** As a client asks it. */
  api(platform: Platform): ConnectedFederationApi {
    const ids = this.wallet.guardians.keys().toArray();
    const connections = new Map<PeerId, RpcRef>(ids.map((peer) => [peer, refTo(`guardian:${peer}`)]));
    const ask = (ref: RpcRef, _: "call", { method, params }: { method: string; params: readonly Json[] }) =>
      this.#call(Number(ref.path.split(":")[1]), method, params[0]!);
    const sender = { ask, tell: () => {} } as unknown as Sender;
    const { signal: closing } = new AbortController();
    const peers = numPeers(ids.length);
    return new ConnectedFederationApi({ sender, platform, connections, peers, module: null, closing });
  }

  async #call(peer: PeerId, method: string, request: Json): Promise<Result<Json, RpcError>> {
    const truth = await this.#truth(peer, method, request);
    return truth.ok && this.evil?.peer === peer ? ok(this.evil.change(method, truth.value)) : truth;
  }

  async #truth(peer: PeerId, method: string, request: Json): Promise<Result<Json, RpcError>> {
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
    if (this.down.has(peer)) return err({ kind: "connection", message: "down" });
    const lie = this.lies.get(`${peer} ${method}`);
    if (lie !== undefined) return ok(lie);
    assert(isJsonObject(request), "a request has params and auth");
    const params = request.params ?? null;
    if (method === "submit_transaction") return ok(outcome.toJson(await this.#submit(params)));
    if (method === "await_transaction") {
      await this.#waiter(params as TransactionId).promise;
      return ok(params);
    }
    const name = method.replace(`module_${WALLET}_`, "");
    const endpoint = this.wallet.guardians[peer]!.module.apiEndpoints[name];
    if (!endpoint) return err({ kind: "method_not_found", message: method });
    try {
      return ok(await endpoint.handle(params, { signal: new AbortController().signal }));
    } catch (thrown) {
      if (!(thrown instanceof EndpointError)) throw thrown;
      return err({ kind: "server", code: thrown.facts.rpcCode, message: thrown.message });
    }
  }

  #waiter(txid: TransactionId): PromiseWithResolvers<void> {
    const waiter = this.#waiters.get(txid) ?? Promise.withResolvers<void>();
    this.#waiters.set(txid, waiter);
    return waiter;
  }

  /** One after the other, as in consensus. */
  #submit(params: Json): Promise<TransactionSubmissionOutcome> {
    const result = this.#turn.then(() => this.paused ? new Promise<never>(() => {}) : this.#process(params));
    if (!this.paused) this.#turn = result;
    return result;
  }

  async #process(params: Json): Promise<TransactionSubmissionOutcome> {
    const decoded = decodeTransaction(MODULES, encodedTransaction.fromJson(params));
    if (this.#accepted.has(decoded.txid)) return ok(decoded.txid);
    const results: Processed[] = [];
    for (const guardian of this.wallet.guardians) {
      const { value } = await guardian.store.transact<Processed>(async (tx) => {
        const processed = await processTransaction(modulesOf(guardian), MODULES, rootOf(tx), decoded, {
          version: VERSION,
          submission: false,
        });
        return processed.ok ? processed : rollback<Processed>(processed);
      });
      results.push(value);
    }
    const outcomes = results.map((result): TransactionSubmissionOutcome => result.ok ? ok(decoded.txid) : result);
    const texts = new Set(outcomes.map((each) => stringifyJson(outcome.toJson(each))));
    assert(texts.size === 1, "guardians decide alike");
    if (outcomes[0]!.ok) {
      this.#accepted.add(decoded.txid);
      this.#waiter(decoded.txid).resolve();
    }
    return outcomes[0]!;
  }
}
