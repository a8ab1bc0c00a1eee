/**
 * lnv2's own guardians behind a script, with money that is just a number beside it, a gateway, and a wallet whose
 * process can be killed at any commit. What a client submits is processed at once, in the same order by all guardians;
 * everything goes over simulated sockets.
 */
import { assert, assertEquals } from "@std/assert";
import { modulePrefix } from "../../client/core/database.ts";
import { Client } from "../../client/core/client.ts";
import type { NumberedEvent } from "../../client/logs/events.ts";
import { getEvents } from "../../client/logs/events.ts";
import { getOperation } from "../../client/logs/operations.ts";
import type { ToyFederation } from "../../client/testing/federation.ts";
import { startGuardians, toyFederation } from "../../client/testing/federation.ts";
import type { Asked } from "../../client/testing/world.ts";
import { ClientWorld, Refusal } from "../../client/testing/world.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { decode, encode, moduleEncoding, u64 } from "../../core/encoding/mod.ts";
import { err, ok } from "../../core/result.ts";
import type { Amounts } from "../../core/types/amount.ts";
import { toDyn } from "../../core/types/dyn.ts";
import type { OperationId, TransactionId } from "../../core/types/ids.ts";
import type { Transaction, TransactionSubmissionOutcome } from "../../core/types/transaction.ts";
import { transaction, transactionIdOf, transactionSubmissionOutcome } from "../../core/types/transaction.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import { GUARDIAN_PASSWORD, TestGuardians } from "../../modules/contract/testing/mod.ts";
import type { LightningClient } from "../../modules/lnv2/client/api.ts";
import { lnv2Client } from "../../modules/lnv2/client.ts";
import {
  lightningInput,
  lightningInputError,
  lightningOutput,
  lightningOutputError,
  LNV2_CONSENSUS_VERSION,
  LNV2_KIND,
} from "../../modules/lnv2/common.ts";
import { lightningConfig } from "../../modules/lnv2/config.ts";
import { lnv2Server } from "../../modules/lnv2/server.ts";
import { TestGateway } from "../../modules/lnv2/testing/gateway.ts";
import { TestHeight } from "../../modules/lnv2/testing/guardians.ts";
import { purseClient, purseCodecs, purseGuardian } from "../walletv2/purse.ts";

const LIGHTNING = 0, PURSE = 1;
const PREFIX = `module_${LIGHTNING}_`;
const encodedTransaction = moduleEncoding(transaction), outcome = moduleEncoding(transactionSubmissionOutcome);
const EVIL = 3;
const GATEWAY_URL = "http://gateway/v1";

/** What wallets begin with. */
export const BALANCE_MSAT = 1_000_000n;

function startGuardiansOf(world: ClientWorld, chain: TestHeight) {
  const { clock } = world.platform;
  return TestGuardians.start(lnv2Server, { clock, bitcoin: chain.source });
}

function sumOf(all: readonly Amounts[]): bigint {
  return all.reduce((sum, by) => by.values().reduce((rest, msat) => rest + msat, sum), 0n);
}

export class LightningWorld {
  readonly world: ClientWorld;
  readonly chain = new TestHeight();
  gateway!: TestGateway;
  client!: Client;
  /** Transactions that guardians have accepted. */
  accepted = 0;
  /** What the last guardian says to a method of the module instead of the truth; undefined: the truth. */
  lie: (method: string) => Json | undefined = () => undefined;
  #guardians!: Awaited<ReturnType<typeof startGuardiansOf>>;
  #toy!: ToyFederation;
  readonly #outcomes = new Map<TransactionId, Promise<TransactionSubmissionOutcome>>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(seed: number) {
    this.world = new ClientWorld(seed);
  }

  /** A wallet that has joined, and a gateway that all guardians vet. */
  static async start(seed = 1): Promise<LightningWorld> {
    const at = new LightningWorld(seed), { world } = at;
    const guardians = at.#guardians = await world.finish(startGuardiansOf(world, at.chain));
    await world.finish(guardians.agree());
    const lightning = { instance: LIGHTNING, body: encode(lightningConfig, guardians.config) };
    at.#toy = toyFederation({
      configs: new Map([
        [LIGHTNING, { kind: LNV2_KIND, version: LNV2_CONSENSUS_VERSION, config: lightning }],
        [PURSE, {
          kind: "purse",
          version: { major: 0, minor: 0 },
          config: { instance: PURSE, body: new Uint8Array(0) as Bytes },
        }],
      ]),
    });
    await world.finish(startGuardians(world, at.#toy, (asked) => at.#answer(asked)));
    const { platform } = world.world.process("gateway");
    at.gateway = new TestGateway(10, guardians, () => Math.floor(platform.clock.nowMs() / 1_000));
    await world.finish(
      platform.network.serveHttp({ hostname: "0.0.0.0", port: 80 }, (request) => at.gateway.handle(request)),
    );
    for (const peer of [0, 1, 2, 3]) {
      await world.finish(guardians.ask("add_gateway", GATEWAY_URL, peer, GUARDIAN_PASSWORD));
    }
    await at.open();
    await at.finish(at.client.join(at.#toy.invite));
    const { durable } = await at.client.options.store.view(modulePrefix(PURSE)).transact((tx) =>
      tx.set(Uint8Array.of(1), encode(u64, BALANCE_MSAT))
    );
    await at.finish(durable);
    return at;
  }

  /** @param failAtCommit the process dies before this one of its commits */
  async open(failAtCommit = Infinity): Promise<void> {
    const store = await this.finish(this.world.openStore("client.kv", { failAtCommit }));
    const { platform } = this.world;
    this.client = await this.finish(
      Client.open({ platform, store, modules: [lnv2Client, purseClient], log: () => {} }),
    );
  }

  get lightning(): LightningClient {
    return this.client.use(lnv2Client);
  }

  /** The process dies at its n-th commit, while `work` and what it set going run; then it is started again. */
  async crashAt(commit: number, work: () => Promise<unknown>): Promise<boolean> {
    await this.finish(this.client.close());
    await this.open(commit);
    const ended = work().then(() => false, () => true);
    const crashed = await this.finish(Promise.race([ended, this.client.failed.then(() => true, () => true)]));
    await this.open();
    return crashed;
  }

  finish<T>(promise: Promise<T>): Promise<T> {
    return this.world.finish(promise, 24 * 3_600_000);
  }

  /** Guardians see so many blocks, and what the time is. */
  async mineTo(blockCount: number): Promise<void> {
    this.chain.blockCount = blockCount;
    await this.#guardians.agree();
  }

  balanceMsat(): Promise<bigint> {
    return this.finish(this.client.balanceMsat());
  }

  /** What contracts hold. */
  async openMsat(): Promise<bigint> {
    return -await this.finish(this.#guardians.audit());
  }

  /** Persistent events of the Lightning module. */
  async events(): Promise<NumberedEvent[]> {
    await this.finish(this.client.nextEventId());
    const events = await this.client.options.store.read((tx) => getEvents(tx, 0, 1_000));
    return events.filter(({ module }) => module?.kind === LNV2_KIND);
  }

  async outcomeOf(operationId: OperationId): Promise<Json> {
    const entry = await this.client.options.store.read((tx) => getOperation(tx, operationId));
    return entry?.outcome?.outcome ?? null;
  }

  async #answer(asked: Asked): Promise<Json> {
    const { method, params, peer } = asked;
    if (method === "submit_transaction") return outcome.toJson(await this.#submit(params));
    if (method === "await_transaction") {
      const processed = await this.#outcomes.get(params as TransactionId);
      return processed?.ok ? params : await new Promise<never>(() => {});
    }
    if (!method.startsWith(PREFIX)) return await this.#toy.honest(asked);
    const name = method.slice(PREFIX.length), lie = peer === EVIL ? this.lie(name) : undefined;
    if (lie !== undefined) return lie;
    try {
      return await this.#guardians.ask(name, params, peer);
    } catch (thrown) {
      if (!(thrown instanceof EndpointError)) throw thrown;
      throw new Refusal(thrown.facts.rpcCode, thrown.message);
    }
  }

  /** One after the other, each once. */
  #submit(params: Json): Promise<TransactionSubmissionOutcome> {
    const submitted = encodedTransaction.fromJson(params), txid = transactionIdOf(submitted);
    const processed = this.#outcomes.get(txid) ?? this.#turn.then(() => this.#process(submitted, txid));
    this.#outcomes.set(txid, processed);
    this.#turn = processed;
    return processed;
  }

  async #process({ inputs, outputs }: Transaction, txid: TransactionId): Promise<TransactionSubmissionOutcome> {
    const ours = <T extends { readonly instance: number }>(all: readonly T[]): T[] =>
      all.filter(({ instance }) => instance === LIGHTNING);
    const purse = <T extends { readonly instance: number }>(all: readonly T[]): T[] =>
      all.filter(({ instance }) => instance === PURSE);
    const decided = await this.#guardians.transaction({
      inputs: ours(inputs).map(({ body }) => decode(lightningInput, body)),
      outputs: ours(outputs).map(({ body }) => decode(lightningOutput, body)),
    }, { txid });
    if (!decided.ok) {
      const { part, error } = decided.error;
      return part === "input"
        ? err({ tag: "Input", value: toDyn(LIGHTNING, lightningInputError, error) })
        : err({ tag: "Output", value: toDyn(LIGHTNING, lightningOutputError, error) });
    }
    const ins = [
      ...decided.value.inputs,
      ...purse(inputs).map(({ body }) =>
        purseGuardian.input(decode(purseCodecs.input, body) as Parameters<typeof purseGuardian.input>[0])
      ),
    ];
    const outs = [
      ...decided.value.outputs,
      ...purse(outputs).map(({ body }) =>
        purseGuardian.output(decode(purseCodecs.output, body) as Parameters<typeof purseGuardian.output>[0])
      ),
    ];
    const spare = sumOf(ins.map(({ amounts }) => amounts)) - sumOf(ins.map(({ fees }) => fees)) -
      sumOf(outs.flatMap(({ amounts, fees }) => [amounts, fees]));
    assert(spare >= 0n, "inputs cover outputs and fees");
    this.accepted++;
    return ok(txid);
  }
}

/** All that a wallet and the contracts hold. */
export async function assertMoney(at: LightningWorld, balanceMsat: bigint, openMsat = 0n): Promise<void> {
  assertEquals({ balanceMsat: await at.balanceMsat(), openMsat: await at.openMsat() }, { balanceMsat, openMsat });
}
