/** A client from words, with a toy module that recovers. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { modulePrefix } from "../core/database.ts";
import { Client } from "../core/client.ts";
import type { ClientOptions } from "../core/options.ts";
import { otherSecretsOfModule, secretOfModule, secretsOfEntropy } from "../core/secrets.ts";
import { entropyOfWords } from "../../core/crypto/bip39.ts";
import { ClientError } from "../error.ts";
import { getEvents } from "../logs/events.ts";
import { isRecovered, listOperations } from "../logs/operations.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import type { ToyFederation } from "../testing/federation.ts";
import { countedEntries, ownerOf, recoveringToy, ToyLog } from "../testing/recovering_toy.ts";
import { TOY_KIND, ToyBooks, toyModule } from "../testing/toy.ts";
import { ClientWorld } from "../testing/world.ts";
import type { RecoveryStatus } from "./status.ts";

const WORDS = "abandon ".repeat(11) + "about";
const OTHER_WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const federation: ToyFederation = toyFederation({ modules: new Map([[0, TOY_KIND]]) });
const secrets = secretsOfEntropy(entropyOfWords(WORDS), federation.invite.federationId);
const OWN = ownerOf(secretOfModule(secrets, 0));
const SDK = ownerOf(otherSecretsOfModule(secrets, 0)[0]!.secret);

class Setting {
  readonly world = new ClientWorld(1);
  readonly books = new ToyBooks();
  readonly log = new ToyLog();

  static async started(): Promise<Setting> {
    const setting = new Setting();
    const { entries } = setting.log;
    entries.push({ owner: OWN, msat: 100n }, { owner: "else", msat: 7n }, { owner: SDK, msat: 30n });
    for (let i = 0; i < 5; i++) entries.push({ owner: OWN, msat: 10n });
    const script = setting.log.script(setting.books.script(federation.honest));
    await setting.finish(startGuardians(setting.world, federation, script));
    return setting;
  }

  finish<T>(promise: Promise<T>): Promise<T> {
    return this.world.finish(promise);
  }

  async open(options: Partial<ClientOptions> & { readonly failAtCommit?: number } = {}): Promise<Client> {
    const { failAtCommit = Infinity, ...given } = options;
    const store = await this.finish(this.world.openStore("client.kv", { failAtCommit }));
    const modules = [recoveringToy({ runsMeanwhile: true })];
    return await this.finish(Client.open({ platform: this.world.platform, store, modules, log: () => {}, ...given }));
  }

  restore(client: Client, words: string | undefined = WORDS) {
    return this.finish(client.restore(federation.invite, { words }));
  }
}

/** What a restored wallet has in the end, whatever happened on the way. */
async function endOf(at: Setting, client: Client) {
  await at.finish(client.awaitRecoveries());
  await at.finish(client.awaitIdle());
  const toy = client.use(toyModule), { store } = client.options;
  const [{ operationId }] = await at.finish(client.recoveries()) as [RecoveryStatus];
  await at.finish(client.awaitOperation(operationId));
  await at.finish(client.nextEventId());
  return await at.finish(store.read(async (tx) => ({
    balance: await toy.balanceMsat(tx.view(modulePrefix(0))),
    ticks: await toy.counted(),
    steps: await countedEntries(tx.view(modulePrefix(0))),
    recovered: await Promise.all(
      (await listOperations(tx, { limit: 100 })).map(({ operationId }) => isRecovered(tx, operationId)),
    ),
    events: (await getEvents(tx, 0, 100)).map(({ kind }) => kind).filter((kind) => kind.startsWith("module-")),
    payloads: (await getEvents(tx, 0, 100)).filter(({ kind }) => kind.startsWith("module-")).map((e) => e.payload),
  })));
}

const END = {
  balance: 180n,
  ticks: 5n,
  steps: Array(8).fill(1),
  recovered: Array(7).fill(true),
  events: ["module-recovery-started", "module-recovery-completed"],
  payloads: [{ module_id: 0 }, { module_id: 0, kind: TOY_KIND, amount: 180 }],
};

for (const runsMeanwhile of [true, false]) {
  const modules = [recoveringToy({ runsMeanwhile })];

  Deno.test(
    `words bring back what the log shows, once; the module ${runsMeanwhile ? "runs beside it" : "runs after it"}`,
    async () => {
      const at = await Setting.started();
      const client = await at.open({ modules });
      assertEquals(await at.restore(client), { restored: "new" });
      assertEquals(await at.finish(client.words()), WORDS);
      assertEquals(await endOf(at, client), { ...END });
      const [status] = await at.finish(client.recoveries()) as [RecoveryStatus];
      const { operationId, ...told } = status;
      assertEquals(operationId.length, 64);
      assertEquals(told, {
        instance: 0,
        kind: TOY_KIND,
        complete: 8,
        total: 8,
        status: "done",
        amountMsat: 180n,
        otherMsat: [{ derivation: "sdk", amountMsat: 30n }],
      });
      await at.finish(client.close());
      const again = await at.open({ modules });
      assertEquals(await endOf(at, again), { ...END });
      assertEquals(await at.finish(again.hasPendingRecoveries()), false);
      await at.finish(again.close());
    },
  );
}

Deno.test("a module that recovers first says so until it is done, and then runs without another opening", async () => {
  const at = await Setting.started();
  at.log.silentFrom = 3;
  const modules = [recoveringToy({ runsMeanwhile: false })];
  const client = await at.open({ modules });
  await at.restore(client);
  await at.world.world.run({ forMs: 1_000 });
  for (const use of [() => client.use(toyModule), () => client.module(TOY_KIND), () => client.primary()]) {
    try {
      use();
      assert(false, "it doesn't run");
    } catch (thrown) {
      assert(thrown instanceof ClientError);
      assertStringIncludes(thrown.message, "still being recovered");
    }
  }
  const [{ status, complete, total }] = await at.finish(client.recoveries()) as [RecoveryStatus];
  assertEquals([status, complete, total], ["running", 3, 8]);
  assertEquals(client.modules().map(({ active }) => active), [false]);
  at.log.silentFrom = Infinity;
  await at.finish(client.reconnect());
  await at.world.world.run({ forMs: 200_000 });
  assertEquals(await endOf(at, client), { ...END });
  await at.finish(client.close());
});

Deno.test("words given are kept, and never joined afresh", async () => {
  const at = await Setting.started();
  const client = await at.open({ entropy: entropyOfWords(WORDS), entropyGiven: true });
  const error = await assertRejects(() => at.finish(client.join(federation.invite)), ClientError);
  assertEquals(error.code, "has_history");
  assertEquals(await at.restore(client, undefined), { restored: "new" });
  assertEquals(await at.restore(client), { restored: "before" });
  const other = await assertRejects(() => at.restore(client, OTHER_WORDS), ClientError);
  assertEquals(other.code, "wrong_secret");
  await at.finish(client.close());
});
