/** For tests: a federation with the recovering toy, and clients of its words in one folder that outlives them. */
import { entropyOfWords } from "../../core/crypto/bip39.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import { Client } from "../core/client.ts";
import { modulePrefix } from "../core/database.ts";
import type { ClientOptions } from "../core/options.ts";
import type { ClientSecrets } from "../core/secrets.ts";
import { otherSecretsOfModule, secretOfModule, secretsOfEntropy } from "../core/secrets.ts";
import { getEvents } from "../logs/events.ts";
import { isRecovered, listOperations } from "../logs/operations.ts";
import type { RestoreOutcome } from "../recovery/restore.ts";
import type { RecoveryStatus } from "../recovery/status.ts";
import { startGuardians, type ToyFederation, toyFederation } from "./federation.ts";
import { countedEntries, ownerOf, recoveringToy, ToyLog } from "./recovering_toy.ts";
import { TOY_KIND, ToyBooks, toyModule } from "./toy.ts";
import type { Script } from "./world.ts";
import { ClientWorld } from "./world.ts";

export const WORDS = "abandon ".repeat(11) + "about";

export type RestoringOptions = {
  readonly federation?: ToyFederation;
  /** Between the client and honest guardians. */
  readonly script?: (honest: Script) => Script;
  /** Default: those of `WORDS`. */
  readonly secrets?: ClientSecrets;
};

/** One toy, at instance 0. */
export const oneToy: ToyFederation = toyFederation({ modules: new Map([[0, TOY_KIND]]) });

export class Restoring {
  readonly world = new ClientWorld(1);
  readonly books = new ToyBooks();
  readonly log = new ToyLog();
  readonly federation: ToyFederation;

  private constructor(federation: ToyFederation) {
    this.federation = federation;
  }

  /** Guardians whose log has eight entries: 150 msat of the words' own, 30 by the SDK's derivation, 7 of others. */
  static async started(
    { federation = oneToy, script = (honest) => honest, secrets }: RestoringOptions = {},
  ): Promise<Restoring> {
    const setting = new Restoring(federation);
    const whose = secrets ?? secretsOfEntropy(entropyOfWords(WORDS), federation.invite.federationId);
    const own = ownerOf(secretOfModule(whose, 0)), other = otherSecretsOfModule(whose, 0)[0];
    const sdk = other ? ownerOf(other.secret) : own;
    const { entries } = setting.log;
    entries.push({ owner: own, msat: 100n }, { owner: "else", msat: 7n }, { owner: sdk, msat: 30n });
    for (let i = 0; i < 5; i++) entries.push({ owner: own, msat: 10n });
    const honest = script(setting.log.script(setting.books.script(federation.honest)));
    await setting.finish(startGuardians(setting.world, federation, honest));
    return setting;
  }

  finish<T>(promise: Promise<T>, forMs?: number): Promise<T> {
    return this.world.finish(promise, forMs);
  }

  /** The client of the folder, as the one before left it; with the toy that runs beside its recovery by default. */
  async open(
    { failAtCommit = Infinity, path, ...given }: Partial<ClientOptions> & {
      readonly failAtCommit?: number;
      readonly path?: string;
    } = {},
  ): Promise<Client> {
    const store = await this.finish(this.world.openStore(path, { failAtCommit }));
    const modules = [recoveringToy({ runsMeanwhile: true })];
    const options = { platform: this.world.platform, store, modules, log: () => {}, ...given };
    return await this.finish(Client.open(options));
  }

  restore(client: Client, words: string | undefined = WORDS): Promise<RestoreOutcome> {
    return this.finish(client.restore(this.federation.invite, { words }));
  }
}

/** What a restored wallet has when all is done. */
export type End = {
  readonly balanceMsat: bigint;
  /** Of the machine that the recovery added. */
  readonly ticks: bigint;
  /** How often each entry of the log was counted. */
  readonly steps: readonly number[];
  /** Entries of the operation log, whether they are recovered ones. */
  readonly recovered: readonly boolean[];
  /** Payloads of the events of recoveries. */
  readonly events: readonly Json[];
};

export const END: End = {
  balanceMsat: 180n,
  ticks: 5n,
  steps: Array(8).fill(1),
  recovered: Array(7).fill(true),
  events: [{ module_id: 0 }, { module_id: 0, kind: TOY_KIND, amount: 180 }],
};

/** Waits until everything is done. */
export async function endOf(client: Client, instance: ModuleInstanceId = 0): Promise<End> {
  await client.awaitRecoveries();
  const { operationId } = (await client.recoveries()).find((status) => status.instance === instance) as RecoveryStatus;
  await client.awaitOperation(operationId);
  await client.awaitIdle();
  await client.nextEventId();
  const toy = client.use(toyModule), { store } = client.options;
  const ticks = await toy.counted(), balanceMsat = await client.balanceMsat();
  return await store.read(async (tx) => {
    const part = tx.view(modulePrefix(instance));
    const operations = await listOperations(tx, { limit: 100 }), events = await getEvents(tx, 0, 100);
    return {
      balanceMsat,
      ticks,
      steps: await countedEntries(part),
      recovered: await Promise.all(operations.map(({ operationId }) => isRecovered(tx, operationId))),
      events: events.filter(({ kind }) => kind.startsWith("module-recovery-")).map(({ payload }) => payload),
    };
  });
}
