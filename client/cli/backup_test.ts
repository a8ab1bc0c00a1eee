/** `backup`, what `restore` says of one, and `join` with words that have one. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { toHex } from "../../core/bytes.ts";
import { entropyOfWords } from "../../core/crypto/bip39.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { clientBackupSnapshot } from "../../core/types/backup.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { backupOf, keysOf } from "../backup/testing/backups.ts";
import { Keepers } from "../backup/testing/keepers.ts";
import { databasePath } from "../core/database_path.ts";
import { entropySlot } from "../federation/join_state.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { ownerOf, recoveringToy, ToyLog } from "../testing/recovering_toy.ts";
import { secretOfModule, secretsOfEntropy } from "../core/secrets.ts";
import { TOY_KIND, ToyBooks } from "../testing/toy.ts";
import { ClientWorld } from "../testing/world.ts";
import type { Ran, RunOptions } from "./testing/mod.ts";
import { runInWorld } from "./testing/mod.ts";

const WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const federation = toyFederation({ modules: new Map([[0, TOY_KIND]]) }), { federationId } = federation.invite;
const INVITE = formatInviteCode(federation.invite);
const KEYS = keysOf(WORDS, federationId);

class Setting {
  readonly world = new ClientWorld(1);
  readonly keepers = new Keepers();
  readonly log = new ToyLog(this.world.platform.clock);

  static async started(): Promise<Setting> {
    const setting = new Setting();
    const owner = ownerOf(secretOfModule(secretsOfEntropy(entropyOfWords(WORDS), federationId), 0));
    setting.log.entries.push({ owner, msat: 100_000n });
    const script = setting.keepers.script(setting.log.script(new ToyBooks().script(federation.honest)));
    await setting.world.finish(startGuardians(setting.world, federation, script));
    return setting;
  }

  run(dir: string, args: readonly string[], options: Partial<RunOptions> = {}): Promise<Ran> {
    const modules = [recoveringToy({ runsMeanwhile: true })];
    return runInWorld(this.world, ["--data-dir", dir, ...args], { modules, ...options });
  }

  restore(dir: string, stdin = WORDS): Promise<Ran> {
    return this.run(dir, ["restore", "--invite-code", INVITE, "-"], { stdin });
  }

  /** Guardian `peer` hands this out for a wallet that its key opens. */
  put(peer: PeerId, derivation: "standard" | "sdk", atMs: number, sessionCount: number, parts = {}): void {
    const keys = KEYS.get(derivation)!;
    const data = keys.seal(backupOf(sessionCount, "", parts), this.world.platform.dice);
    const timestamp = { secsSinceEpoch: BigInt(Math.floor(atMs / 1_000)), nanosSinceEpoch: 0 };
    const own = this.keepers.kept.get(peer) ?? new Map();
    this.keepers.kept.set(peer, own.set(toHex(keys.id), { timestamp, data }));
  }
}

Deno.test("a backup with metadata reaches guardians, and what restores from it says when it was made", async () => {
  const at = await Setting.started();
  assertEquals((await at.restore("/first")).exit, 0);
  const made = await at.run("/first", [
    "backup",
    "--metadata",
    "name=My wallet",
    "--metadata=b=c=d",
    "--metadata",
    "a=",
  ]);
  assertEquals([made.exit, parseJson(made.out)], [0, null], made.out);
  assertStringIncludes(made.err, "Guardians have a backup as of session 5.");
  assert(at.keepers.taken >= 3);
  const [snapshot] = [...at.keepers.kept.values()].flatMap((own) => [...own.values()]);
  const opened = KEYS.get("standard")!.open(snapshot!.data);
  assert(opened.ok);
  assertEquals(new TextDecoder().decode(opened.value.metadata), '{"a":"","b":"c=d","name":"My wallet"}');
  // without metadata those that were given stay
  assertEquals((await at.run("/first", ["backup"])).exit, 0);
  const restored = await at.restore("/second");
  assertEquals(restored.exit, 0);
  assertStringIncludes(restored.err, "Guardians keep a backup of 20");
  assertStringIncludes(restored.err, "a moment ago, made by this client or fedimint-cli.");
  for (const { out, err } of [made, restored]) assert(!`${out}${err}`.includes("My wallet"));
});

Deno.test("metadata without a value, and a backup while something is left to recover, are refused as by fedimint-cli", async () => {
  const at = await Setting.started();
  const failed = async (...args: string[]): Promise<Json> => {
    const { exit, out } = await at.run("/wallet", args);
    assertEquals(exit, 1);
    return (parseJson(out) as Record<string, Json>).error!;
  };
  assertStringIncludes(String(await failed("backup", "--metadata", "secret thing")), "invalid metadata: Metadata");
  assert(!String(await failed("backup", "--metadata", "secret thing")).includes("secret"));
  assertEquals(await failed("backup"), "Encoded client secret not present in DB");
  at.log.silentFrom = 0;
  const stop = new AbortController();
  at.world.platform.clock.setTimer(5_000, () => stop.abort(new Error("Interrupted")));
  const modules = [recoveringToy({ runsMeanwhile: true })], options = { modules, stdin: WORDS, signal: stop.signal };
  await runInWorld(at.world, ["--data-dir", "/wallet", "restore", "--invite-code", INVITE, "-"], options);
  assertEquals(await failed("backup"), "Cannot back up while a module recovery is still running");
});

Deno.test("a backup of the SDK's keys, one that nobody reads, times that can't be and guardians that lie are told", async () => {
  const at = await Setting.started(), nowMs = at.world.platform.clock.nowMs();
  const none = await at.restore("/none");
  assertStringIncludes(none.err, "Guardians keep no backup of this wallet; its money doesn't need one.");
  // any three of the four who are asked have one of them
  for (const peer of [0, 1]) at.put(peer, "sdk", nowMs - 3 * 3_600_000, 3);
  for (const peer of [2, 3]) at.put(peer, "standard", nowMs - 49 * 3_600_000, 4, { 7: Uint8Array.of(1, 2) });
  const { exit, err } = await at.restore("/both");
  assertEquals(exit, 0);
  assertStringIncludes(err, "3 hours ago, made by the JavaScript SDK, whose keys of the same words are others.");
  assertStringIncludes(err, "2 days ago, made by this client or fedimint-cli. What modules 7 put there");
  for (const peer of [0, 1, 2, 3]) at.put(peer, "standard", 8e18, 9);
  assertStringIncludes((await at.restore("/never")).err, "Guardians keep a backup of a time that can't be, made");
  at.keepers.instead = ({ method, params, peer }) => {
    if (method !== "recover" || params !== toHex(KEYS.get("standard")!.id)) return undefined;
    const data = new Uint8Array(100).fill(peer + 1);
    return clientBackupSnapshot.toJson({ timestamp: { secsSinceEpoch: 1n, nanosSinceEpoch: 0 }, data: data as never });
  };
  const lied = await at.restore("/lied");
  assertEquals(lied.exit, 0);
  assert(/Guardian \d sent something that is no backup of this wallet: /.test(lied.err), lied.err);
});

Deno.test("`join` with words that have a backup offers to restore, and says how where nobody can be asked", async () => {
  const withWords = async (answer?: string): Promise<{ at: Setting; ran: Ran }> => {
    const at = await Setting.started();
    at.put(0, "standard", at.world.platform.clock.nowMs(), 1);
    at.put(1, "standard", at.world.platform.clock.nowMs(), 1);
    const store = await at.world.finish(at.world.openStore(databasePath("/wallet")));
    await at.world.finish((async () => {
      const { durable } = await store.transact((tx) => entropySlot.set(tx, entropyOfWords(WORDS)));
      await durable;
      await store.close();
    })());
    return { at, ran: await at.run("/wallet", ["join", INVITE], answer === undefined ? {} : { answer }) };
  };
  const { ran: told, at } = await withWords();
  assertEquals(told.exit, 1);
  assertStringIncludes(told.out, "restore it instead of joining");
  assertStringIncludes(told.out, "Restore it with this command: restore --invite-code INVITE_CODE");
  // and the command does
  const { exit, err } = await at.run("/wallet", ["restore", "--invite-code", INVITE]);
  assertEquals(exit, 0);
  assertStringIncludes(err, "Restoring with the words that this folder has already.");
  assertStringIncludes(err, "Balance: 100 sat (100,000 msat)");
  const no = (await withWords("n")).ran;
  assertEquals([no.exit, parseJson(no.out)], [1, { error: "Nothing was joined." }]);
  const yes = (await withWords("")).ran;
  assertEquals([yes.exit, parseJson(yes.out)], [0, { joined: INVITE, restored: true }]);
  assertStringIncludes(yes.err, "Restore it now? (Y/n): ");
  assertStringIncludes(yes.err, "Balance: 100 sat (100,000 msat)");
});
