/**
 * Lightning's own guardians behind a script, with money that is just a number beside it, a gateway, and a wallet whose
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
import { ok } from "../../core/result.ts";
import type { Amounts } from "../../core/types/amount.ts";
import type { OperationId, TransactionId } from "../../core/types/ids.ts";
import type { Transaction, TransactionSubmissionOutcome } from "../../core/types/transaction.ts";
import { transaction, transactionIdOf, transactionSubmissionOutcome } from "../../core/types/transaction.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import type { LightningClient } from "../../modules/lnv2/client/api.ts";
import { lnv2Client } from "../../modules/lnv2/client.ts";
import { LNV2_KIND } from "../../modules/lnv2/common.ts";
import type { TestGateway } from "../../modules/lnv2/testing/gateway.ts";
import { TestHeight } from "../../modules/lnv2/testing/guardians.ts";
import { purseClient, purseCodecs, purseGuardian } from "../walletv2/purse.ts";
import type { Side } from "./sides.ts";
import { lnSide, lnv2Side } from "./sides.ts";

const encodedTransaction = moduleEncoding(transaction), outcome = moduleEncoding(transactionSubmissionOutcome);
const EVIL = 3;

/** What wallets begin with. */
export const BALANCE_MSAT = 1_000_000n;

function sumOf(all: readonly Amounts[]): bigint {
  return all.reduce((sum, by) => by.values().reduce((rest, msat) => rest + msat, sum), 0n);
}

export type LightningModule = "lnv2" | "ln";

export class LightningWorld {
  readonly world: ClientWorld;
  readonly chain = new TestHeight();
  /** lnv2's. */
  gateway!: TestGateway;
  /** ln's, and its guardians. */
  first!: Omit<Awaited<ReturnType<typeof lnSide>>, "side">;
  client!: Client;
  /** Transactions that guardians have accepted. */
  accepted = 0;
  /** What the last guardian says to a method of a module instead of the truth; undefined: the truth. */
  lie: (method: string) => Json | undefined = () => undefined;
  readonly #sides: Side[] = [];
  #toy!: ToyFederation;
  readonly #outcomes = new Map<TransactionId, Promise<TransactionSubmissionOutcome>>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(seed: number) {
    this.world = new ClientWorld(seed);
  }

  /** A wallet that has joined, and a gateway for each module, which guardians know unless it is said otherwise. */
  static async start(
    seed = 1,
    modules: readonly LightningModule[] = ["lnv2"],
    { hasGateways = true } = {},
  ): Promise<LightningWorld> {
    const at = new LightningWorld(seed), { world, chain } = at;
    const serve = async (host: string, handle: (request: Request) => Promise<Response>): Promise<void> => {
      const { platform: { network } } = world.world.process(host);
      await world.finish(network.serveHttp({ hostname: "0.0.0.0", port: 80 }, handle));
    };
    const environment = { clock: world.platform.clock, chain, hasGateways };
    for (const [instance, module] of modules.entries()) {
      if (module === "lnv2") {
        const { side, gateway } = await world.finish(lnv2Side(environment, instance));
        at.#sides.push(side);
        at.gateway = gateway;
        await serve("gateway", (request) => gateway.handle(request));
      } else {
        const { side, ...first } = await world.finish(lnSide(environment, instance));
        at.#sides.push(side);
        at.first = first;
        await serve("ln-gateway", (request) => first.gateway.handle(request));
      }
    }
    at.#toy = toyFederation({
      configs: new Map([
        ...at.#sides.map(({ kind, version, config }, instance) =>
          [instance, { kind, version, config: { instance, body: config } }] as const
        ),
        [at.#purse, {
          kind: "purse",
          version: { major: 0, minor: 0 },
          config: { instance: at.#purse, body: new Uint8Array(0) as Bytes },
        }],
      ]),
    });
    await world.finish(startGuardians(world, at.#toy, (asked) => at.#answer(asked)));
    await at.open();
    await at.finish(at.client.join(at.#toy.invite));
    await at.holds(BALANCE_MSAT);
    return at;
  }

  get #purse(): number {
    return this.#sides.length;
  }

  /** Of wallets in this world. */
  get modules(): AnyClientModuleDefinition[] {
    return [...this.#sides.map(({ definition }) => definition), purseClient];
  }

  /** The wallet has so much. */
  async holds(msat: bigint): Promise<void> {
    const { durable } = await this.client.options.store.view(modulePrefix(this.#purse)).transact((tx) =>
      tx.set(Uint8Array.of(1), encode(u64, msat))
    );
    await this.finish(durable);
  }

  /** @param failAtCommit the process dies before this one of its commits */
  async open(failAtCommit = Infinity): Promise<void> {
    const store = await this.finish(this.world.openStore("client.kv", { failAtCommit }));
    const { platform } = this.world;
    this.client = await this.finish(
      Client.open({ platform, store, modules: this.modules, log: () => {} }),
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
    for (const side of this.#sides) await side.agree();
  }

  balanceMsat(): Promise<bigint> {
    return this.finish(this.client.balanceMsat());
  }

  /** What contracts hold. */
  async openMsat(): Promise<bigint> {
    const audits = await this.finish(Promise.all(this.#sides.map((side) => side.audit())));
    return -audits.reduce((sum, msat) => sum + msat, 0n);
  }

  /** Persistent events of lnv2. */
  events(): Promise<NumberedEvent[]> {
    return this.eventsOf(LNV2_KIND);
  }

  /** Those of a module, of one kind unless all are wanted. */
  async eventsOf(module: string, kind: string | null = null): Promise<NumberedEvent[]> {
    await this.finish(this.client.nextEventId());
    const events = await this.client.options.store.read((tx) => getEvents(tx, 0, 1_000));
    return events.filter((event) => event.module?.kind === module && (kind === null || event.kind === kind));
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
    const [, instance, name] = /^module_([0-9]+)_(.+)$/.exec(method) ?? [], side = this.#sides[Number(instance)];
    if (!side || name === undefined) return await this.#toy.honest(asked);
    const lie = peer === EVIL ? this.lie(name) : undefined;
    if (lie !== undefined) return lie;
    try {
      return await side.ask(name, params, peer);
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
    const ofModule = <T extends { readonly instance: number; readonly body: Bytes }>(all: readonly T[], at: number) =>
      all.filter(({ instance }) => instance === at).map(({ body }) => body);
    const ins: { readonly amounts: Amounts; readonly fees: Amounts }[] = [];
    const outs: { readonly amounts: Amounts; readonly fees: Amounts }[] = [];
    for (const [at, side] of this.#sides.entries()) {
      const parts = { inputs: ofModule(inputs, at), outputs: ofModule(outputs, at) };
      if (parts.inputs.length + parts.outputs.length === 0) continue;
      const decided = await side.transaction(parts, txid);
      if (!decided.ok) return decided;
      ins.push(...decided.value.inputs);
      outs.push(...decided.value.outputs);
    }
    type PurseInput = Parameters<typeof purseGuardian.input>[0];
    type PurseOutput = Parameters<typeof purseGuardian.output>[0];
    for (const body of ofModule(inputs, this.#purse)) {
      ins.push(purseGuardian.input(decode(purseCodecs.input, body) as PurseInput));
    }
    for (const body of ofModule(outputs, this.#purse)) {
      outs.push(purseGuardian.output(decode(purseCodecs.output, body) as PurseOutput));
    }
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
