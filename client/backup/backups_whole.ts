/** A wallet's backups: made, kept by guardians, and brought back by the words. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { LogRecord } from "../../actors/logger.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex, utf8 } from "../../core/bytes.ts";
import { entropyOfWords } from "../../core/crypto/bip39.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { ClientBackup } from "../../core/types/backup.ts";
import { clientBackupSnapshot } from "../../core/types/backup.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { Client } from "../core/client.ts";
import type { ClientOptions } from "../core/options.ts";
import { secretsOfEntropy } from "../core/secrets.ts";
import { ClientError } from "../error.ts";
import { getEvents } from "../logs/events.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { recoveringToy, ToyLog } from "../testing/recovering_toy.ts";
import { TOY_KIND, ToyBooks, toyModule } from "../testing/toy.ts";
import { ClientWorld, Refusal } from "../testing/world.ts";
import { FederationClient } from "../wallet.ts";
import { LOOK_EVERY_MS, LOOK_RECOVERING_MS, METADATA_EVERY_MS, PARTS_EVERY_MS, SOON_MS } from "./limits.ts";
import { lastBackupSlot, metadataSlot } from "./records.ts";
import { anyBackup, backupOf, keysOf } from "./testing/backups.ts";
import { Keepers } from "./testing/keepers.ts";

const federation = toyFederation({ modules: new Map([[0, TOY_KIND]]) });
const { federationId } = federation.invite;

/** What the module says of itself. */
type Part = { body: Bytes | null; fails?: boolean };

function toyWith(part: Part) {
  return {
    ...toyModule,
    start: async (env: Parameters<typeof toyModule.start>[0]) => ({
      ...await toyModule.start(env),
      backup: () => part.fails ? Promise.reject(new Error("no part")) : Promise.resolve(part.body),
    }),
  };
}

class Setting {
  readonly world = new ClientWorld(1);
  readonly keepers = new Keepers();
  readonly part: Part = { body: null };
  readonly logged: LogRecord[] = [];

  static async started(): Promise<Setting> {
    const setting = new Setting();
    const script = setting.keepers.script(new ToyBooks().script(federation.honest));
    await setting.finish(startGuardians(setting.world, federation, script));
    return setting;
  }

  finish<T>(promise: Promise<T>, forMs?: number): Promise<T> {
    return this.world.finish(promise, forMs);
  }

  pass(forMs: number): Promise<void> {
    return this.finish(new Promise<void>((resolve) => this.world.platform.clock.setTimer(forMs, resolve)), forMs + 1);
  }

  async open(
    options: Partial<ClientOptions> & { readonly path?: string; readonly failAtCommit?: number } = {},
  ): Promise<FederationClient> {
    const { path = "client.kv", failAtCommit = Infinity, ...given } = options;
    const store = await this.finish(this.world.openStore(path, { failAtCommit }));
    const opened = Client.open({
      platform: this.world.platform,
      store,
      modules: [toyWith(this.part)],
      log: (record) => this.logged.push(record),
      automaticBackup: false,
      ...given,
    });
    return new FederationClient(await this.finish(opened));
  }

  async joined(options: Parameters<Setting["open"]>[0] = {}): Promise<FederationClient> {
    const wallet = await this.open(options);
    await this.finish(wallet.client.join(federation.invite));
    return wallet;
  }

  /** A new wallet of these words, elsewhere. */
  async restored(words: string, path = "restored.kv", options: Parameters<Setting["open"]>[0] = {}) {
    const wallet = await this.open({ path, ...options });
    const outcome = await this.finish(wallet.client.restore(federation.invite, { words }));
    return { wallet, outcome };
  }

  /** What a guardian keeps of these words. */
  async kept(words: string, peer = 0): Promise<ClientBackup | null> {
    const own = keysOf(words, federationId).get("standard")!;
    const snapshot = this.keepers.of(peer, own.id);
    if (!snapshot) return null;
    const opened = own.open(snapshot.data);
    assert(opened.ok);
    return await Promise.resolve(opened.value);
  }
}

function eventsOf(at: Setting, wallet: FederationClient): Promise<string[]> {
  const { store } = wallet.client.options;
  return at.finish(
    wallet.nextEventId().then(() => store.read(async (tx) => (await getEvents(tx, 0, 1_000)).map(({ kind }) => kind))),
  );
}

Deno.test("what a wallet backs up all guardians keep, and the words bring it back: metadata, and each module's part", async () => {
  const at = await Setting.started(), wallet = await at.joined(), words = await at.finish(wallet.words());
  at.part.body = Uint8Array.of(1, 2, 3) as Bytes;
  assertEquals(await at.finish(wallet.backupMetadata()), null);
  const made = await at.finish(wallet.backup({ metadata: { app: "ours", n: 1 } }));
  assertEquals(made, { sessionCount: 5, leftOut: [] });
  assertEquals(at.keepers.taken, 4);
  const expected = backupOf(5, '{"app":"ours","n":1}', { 0: Uint8Array.of(1, 2, 3) });
  for (const peer of [0, 1, 2, 3]) assertEquals(await at.kept(words, peer), expected);
  assertEquals((await eventsOf(at, wallet)).filter((kind) => kind === "backup-done").length, 1);
  const { kept, failure } = await at.finish(wallet.lastBackup());
  assertEquals([kept?.sessionCount, failure], [5, null]);
  await at.finish(wallet.close());

  const { wallet: back, outcome } = await at.restored(words);
  assert(outcome.restored === "new");
  const [found, ...others] = outcome.backups;
  assertEquals([found!.derivation, found!.sessionCount, found!.unread, others], ["standard", 5, [0], []]);
  assert(Math.abs(found!.madeAtMs - kept!.atMs) < 10_000);
  assertEquals((await at.finish(back.backupMetadata()))?.json, { app: "ours", n: 1 });
  await at.finish(back.close());
});

Deno.test("metadata stay in backups that give none, and a backup without any has none", async () => {
  const at = await Setting.started(), wallet = await at.joined(), words = await at.finish(wallet.words());
  await at.finish(wallet.backup());
  assertEquals((await at.kept(words))!.metadata.length, 0);
  await at.finish(wallet.backup({ metadata: ["x"] }));
  await at.finish(wallet.backup());
  assertEquals((await at.kept(words))!.metadata, utf8('["x"]'));
  await at.finish(wallet.backup({ metadata: null }));
  assertEquals((await at.kept(words))!.metadata, utf8("null"));
  await at.finish(wallet.close());
});

Deno.test("whatever was backed up comes back the same, what no module here reads among it, and is in the next backup again", async () => {
  await fc.assert(
    fc.asyncProperty(anyBackup, async (backup) => {
      const at = await Setting.started();
      const words = await at.finish((await at.open()).words());
      const own = keysOf(words, federationId).get("standard")!, { dice } = at.world.platform;
      at.keepers.kept.set(
        2,
        new Map([[toHex(own.id), {
          timestamp: { secsSinceEpoch: 5n, nanosSinceEpoch: 0 },
          data: own.seal(backup, dice),
        }]]),
      );
      // one of the three others never answers: the one that has it must
      at.keepers.instead = ({ peer, method }) => method === "recover" && peer === 0 ? new Promise(() => {}) : undefined;
      const { wallet } = await at.restored(words);
      const stored = await at.finish(wallet.client.options.store.read((tx) => lastBackupSlot.get(tx)));
      assertEquals(stored, backup);
      assertEquals(
        (await at.finish(wallet.backupMetadata()))?.bytes,
        backup.metadata.length > 0 ? backup.metadata : undefined,
      );
      await at.finish(wallet.backup());
      const { metadata, modules } = (await at.kept(words))!;
      assertEquals([metadata, [...modules].sort()], [backup.metadata, [...backup.modules].sort()]);
      await at.finish(wallet.close());
    }),
    { numRuns: 15 },
  );
});

Deno.test("metadata of the same words' other wallet come back when there are no others; its parts are nobody's here", async () => {
  const at = await Setting.started();
  const words = await at.finish((await at.open()).words());
  const sdk = keysOf(words, federationId).get("sdk")!;
  const data = sdk.seal(backupOf(3, '{"from":"sdk"}', { 0: Uint8Array.of(9) }), at.world.platform.dice);
  for (const peer of [0, 1, 2, 3]) {
    at.keepers.kept.set(
      peer,
      new Map([[toHex(sdk.id), { timestamp: { secsSinceEpoch: 5n, nanosSinceEpoch: 0 }, data }]]),
    );
  }
  const { wallet, outcome } = await at.restored(words);
  assert(outcome.restored === "new");
  assertEquals(outcome.backups.map(({ derivation, unread }) => [derivation, unread]), [["sdk", [0]]]);
  assertEquals((await at.finish(wallet.backupMetadata()))?.json, { from: "sdk" });
  await at.finish(wallet.backup());
  assertEquals((await at.kept(words))!.modules.size, 0);
  await at.finish(wallet.close());
});

Deno.test("a part that is too large, or that its module can't make, is that of the last backup, and said", async () => {
  const at = await Setting.started(), wallet = await at.joined(), words = await at.finish(wallet.words());
  at.part.body = Uint8Array.of(1) as Bytes;
  await at.finish(wallet.backup());
  at.part.body = new Uint8Array(40_000) as Bytes;
  const { leftOut } = await at.finish(wallet.backup());
  assertEquals(leftOut.map(({ instance, hasOlder }) => [instance, hasOlder]), [[0, true]]);
  at.part.fails = true;
  await at.finish(wallet.backup());
  assertEquals((await at.kept(words))!.modules.get(0)!.body, Uint8Array.of(1));
  assertEquals(at.logged.filter(({ level }) => level !== "debug" && level !== "info").map(({ message }) => message), [
    "A module's part is too large for a backup",
    "A module can't make its part of a backup",
  ]);
  await at.finish(wallet.close());
});

Deno.test("metadata that fit into no backup are refused, and nothing is changed", async () => {
  const at = await Setting.started(), wallet = await at.joined();
  await at.finish(wallet.backup({ metadata: "before" }));
  const error = await assertRejects(() => at.finish(wallet.backup({ metadata: "x".repeat(131_000) })), ClientError);
  assertEquals(error.code, "backup_too_large");
  assertEquals((await at.finish(wallet.backupMetadata()))?.json, "before");
  await at.finish(wallet.close());
});

Deno.test("one guardian that refuses, lies or is away keeps no backup from the others; with two it fails and says so", async () => {
  const at = await Setting.started(), wallet = await at.joined();
  const answers: (() => Json | Promise<Json>)[] = [
    () => {
      throw new Refusal(-32_000, "no room");
    },
    () => "done",
    () => new Promise<Json>(() => {}),
  ];
  for (const answer of answers) {
    at.keepers.instead = ({ peer, method }) => method === "backup" && peer === 0 ? answer() : undefined;
    await at.finish(wallet.backup());
  }
  at.keepers.instead = ({ peer, method }) => {
    if (method === "backup" && peer < 2) throw new Refusal(-32_000, "no room");
    return undefined;
  };
  const error = await assertRejects(() => at.finish(wallet.backup({ metadata: "kept here" })), ApiError);
  assertStringIncludes(error.message, "no room");
  const { kept, failure } = await at.finish(wallet.lastBackup());
  assertStringIncludes(failure!.reason, "no room");
  assertEquals([kept?.sessionCount, (await at.finish(wallet.backupMetadata()))?.json], [5, "kept here"]);
  await at.finish(wallet.close());
});

Deno.test("a device whose clock is behind takes the place of the one before, all the same", async () => {
  const at = await Setting.started(), wallet = await at.joined(), words = await at.finish(wallet.words());
  await at.finish(wallet.backup({ metadata: 1 }));
  await at.finish(wallet.close());
  // its clock is as late as a guardian allows it to be early
  const own = keysOf(words, federationId).get("standard")!;
  const nowSecs = BigInt(Math.floor(at.world.platform.clock.nowMs() / 1_000));
  for (const peer of [0, 1, 2, 3]) {
    const { data } = at.keepers.of(peer, own.id)!;
    at.keepers.kept.get(peer)!.set(toHex(own.id), {
      timestamp: { secsSinceEpoch: nowSecs + 3_000n, nanosSinceEpoch: 7 },
      data,
    });
  }
  const { wallet: back } = await at.restored(words);
  await at.finish(back.backup({ metadata: 2 }));
  await at.finish(back.backup({ metadata: 3 }));
  assertEquals((await at.kept(words))!.metadata, utf8("3"));
  assertEquals(at.keepers.of(0, own.id)!.timestamp, { secsSinceEpoch: nowSecs + 3_000n, nanosSinceEpoch: 9 });
  await at.finish(back.close());
});

Deno.test("a guardian that dates a backup to the end of time keeps no later one from being taken", async () => {
  const at = await Setting.started(), wallet = await at.joined(), words = await at.finish(wallet.words());
  await at.finish(wallet.backup({ metadata: 1 }));
  await at.finish(wallet.close());
  const own = keysOf(words, federationId).get("standard")!;
  const lie = { secsSinceEpoch: 0x7fff_ffff_ffff_ffffn, nanosSinceEpoch: 999_999_999 };
  at.keepers.instead = ({ peer, method }) =>
    method === "recover" && peer === 0
      ? clientBackupSnapshot.toJson({ timestamp: lie, data: at.keepers.of(0, own.id)!.data })
      : undefined;
  const { wallet: back, outcome } = await at.restored(words);
  assert(outcome.restored === "new");
  assert(!Number.isNaN(new Date(outcome.backups[0]!.madeAtMs).getTime()));
  await at.finish(back.backup({ metadata: 2 }));
  assertEquals((await at.kept(words, 1))!.metadata, utf8("2"));
  await at.finish(back.close());
});

Deno.test("backups that are asked for at once are made one after the other, and each has what was given before", async () => {
  const at = await Setting.started(), wallet = await at.joined(), words = await at.finish(wallet.words());
  const all = [1, 2, 3, 4, 5].map((n) => wallet.backup({ metadata: n }));
  await at.finish(Promise.all(all));
  assertEquals((await at.kept(words))!.metadata, utf8("5"));
  assert(at.keepers.asked <= 3 * 4, `${at.keepers.asked} requests`);
  await at.finish(wallet.close());
});

Deno.test("a crash at any commit of a backup leaves the wallet as it was, and the next backup has everything", async () => {
  for (let commit = 1;; commit++) {
    const at = await Setting.started(), before = await at.joined(), words = await at.finish(before.words());
    await at.finish(before.close());
    const wallet = await at.open({ failAtCommit: commit });
    const outcome = await at.finish(
      wallet.backup({ metadata: "m" }).then(() => "done" as const, () => "crashed" as const),
    );
    await at.finish(wallet.close().catch(() => undefined));
    const again = await at.open();
    const { kept } = await at.finish(again.lastBackup());
    if (kept) assertEquals((await at.kept(words))!.metadata, utf8('"m"'), `commit ${commit}`);
    await at.finish(again.backup({ metadata: "m" }));
    assertEquals((await at.kept(words))!.metadata, utf8('"m"'), `commit ${commit}`);
    await at.finish(again.close());
    if (outcome === "done") break;
    assert(commit < 50);
  }
});

const DAY_MS = 86_400_000;

Deno.test("a wallet backs itself up some seconds after joining, and then only when there is something new", async () => {
  const at = await Setting.started(), wallet = await at.joined({ automaticBackup: true });
  const words = await at.finish(wallet.words());
  await at.pass(SOON_MS.min - 1_000);
  assertEquals(at.keepers.asked, 0);
  await at.pass(SOON_MS.max);
  assertEquals(at.keepers.taken, 4);
  // use alone is no reason
  await at.finish(wallet.use(toyModule).fund(1_000n));
  await at.pass(2 * DAY_MS);
  assertEquals(at.keepers.taken, 4);
  // the module's part: once a day at the most, and within the hour when there was none today
  at.part.body = Uint8Array.of(1) as Bytes;
  await at.pass(LOOK_EVERY_MS + 2 * SOON_MS.max);
  assertEquals([at.keepers.taken, (await at.kept(words))!.modules.size], [8, 1]);
  at.part.body = Uint8Array.of(2) as Bytes;
  await at.pass(PARTS_EVERY_MS - 3 * LOOK_EVERY_MS);
  assertEquals(at.keepers.taken, 8);
  await at.pass(5 * LOOK_EVERY_MS);
  assertEquals(at.keepers.taken, 12);
  await at.finish(wallet.close());
});

Deno.test("metadata that a failed backup had go out by themselves as soon as guardians take them, never too often", async () => {
  const at = await Setting.started(), wallet = await at.joined({ automaticBackup: true });
  const words = await at.finish(wallet.words());
  await at.pass(2 * SOON_MS.max);
  assertEquals(at.keepers.taken, 4);
  at.keepers.instead = ({ method }) => {
    if (method === "backup") throw new Refusal(-32_000, "away");
    return undefined;
  };
  await assertRejects(() => at.finish(wallet.backup({ metadata: 7 })), ApiError);
  const askedBefore = at.keepers.asked;
  await at.pass(DAY_MS);
  at.keepers.instead = () => undefined;
  assertEquals(at.keepers.asked, askedBefore);
  await at.pass(2 * LOOK_EVERY_MS);
  assertEquals([at.keepers.taken, (await at.kept(words))!.metadata], [8, utf8("7")]);
  assertEquals((await at.finish(wallet.lastBackup())).failure, null);
  await at.finish(wallet.close());
});

Deno.test("a guardian that refuses for a day is asked some dozens of times, not thousands", async () => {
  const at = await Setting.started();
  let asked = 0;
  at.keepers.instead = ({ method }) => {
    if (method !== "backup") return undefined;
    asked++;
    throw new Refusal(-32_000, "away");
  };
  const wallet = await at.joined({ automaticBackup: true });
  await at.pass(DAY_MS);
  assert(asked >= 4 * 20 && asked < 4 * 60, `${asked} requests`);
  assert((await at.finish(wallet.lastBackup())).failure !== null);
  await at.finish(wallet.close());
});

Deno.test("metadata that change all the time are backed up every ten minutes at the most", async () => {
  const at = await Setting.started(), wallet = await at.joined({ automaticBackup: true });
  await at.pass(2 * SOON_MS.max);
  at.keepers.instead = ({ method }) => {
    if (method === "backup") at.keepers.asked++;
    return undefined;
  };
  const { store } = wallet.client.options;
  for (let i = 0; i < 120; i++) {
    const { durable } = await store.transact((tx) => metadataSlot.set(tx, utf8(String(i))));
    await at.finish(durable);
    await at.pass(60_000);
  }
  const backups = (at.keepers.taken - 4) / 4;
  assert(backups >= 5 && backups <= 120 * 60_000 / METADATA_EVERY_MS + 1, `${backups} backups in two hours`);
  await at.finish(wallet.close());
});

Deno.test("while a module recovers nothing is backed up, by command or by itself; soon after it is", async () => {
  const at = await Setting.started(), log = new ToyLog();
  const words = await at.finish((await at.open({ path: "words.kv" })).words());
  log.entries.push({ owner: "else", msat: 7n });
  log.silentFrom = 0;
  const script = log.script(federation.honest);
  at.keepers.instead = (asked) => asked.method.includes("log_") ? script(asked) : undefined;
  const modules = [recoveringToy({ runsMeanwhile: true })];
  const { wallet } = await at.restored(words, "restored.kv", { automaticBackup: true, modules });
  await at.pass(3 * LOOK_EVERY_MS);
  const error = await assertRejects(() => at.finish(wallet.backup()), ClientError);
  assertEquals([error.code, error.message, at.keepers.asked], [
    "recovering",
    "Cannot back up while a module recovery is still running",
    0,
  ]);
  log.silentFrom = Infinity;
  await at.finish(wallet.close());
  const again = await at.open({ path: "restored.kv", automaticBackup: true, modules });
  await at.finish(again.awaitRecoveries());
  await at.pass(2 * LOOK_RECOVERING_MS + 2 * SOON_MS.max);
  assertEquals(at.keepers.taken, 4);
  await at.finish(again.close());
});

Deno.test("a wallet that is told to doesn't back itself up", async () => {
  const at = await Setting.started(), wallet = await at.joined();
  await at.pass(DAY_MS);
  assertEquals(at.keepers.asked, 0);
  await at.finish(wallet.close());
});

Deno.test("freshly made words are never asked about; others are, and with a backup there restoring is what is said", async () => {
  const at = await Setting.started(), wallet = await at.joined(), words = await at.finish(wallet.words());
  assertEquals(at.keepers.recovers, []);
  // words that were shown before joining may have been used elsewhere
  const shown = await at.open({ path: "shown.kv" });
  await at.finish(shown.words());
  await at.finish(shown.client.join(federation.invite));
  assertEquals(new Set(at.keepers.recovers).size, 2);
  await at.finish(shown.close());
  const { preRoot } = secretsOfEntropy(entropyOfWords(words), federationId);
  const options = { path: "secret.kv", secret: preRoot };
  const custom = await at.open(options);
  await at.finish(wallet.backup());
  const error = await assertRejects(() => at.finish(custom.client.join(federation.invite)), ClientError);
  assertEquals([error.code, custom.isJoined], ["has_history", false]);
  assertEquals((await at.finish(custom.client.restore(federation.invite))).restored, "new");
  await at.finish(custom.close());
  await at.finish(wallet.close());
});
