/** Several federations under given words, and federations that are left and added again. */
import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { sleep } from "../actors/platform/platform.ts";
import { entropyOfWords } from "../core/crypto/bip39.ts";
import { CryptoError } from "../core/crypto/mod.ts";
import { toHex } from "../core/bytes.ts";
import type { FederationId, OperationId } from "../core/types/ids.ts";
import { formatInviteCode } from "../core/types/invite_code.ts";
import { keysOf } from "./backup/testing/backups.ts";
import { Keepers } from "./backup/testing/keepers.ts";
import { otherSecretsOfModule, secretOfModule, secretsOfEntropy } from "./core/secrets.ts";
import { ClientError } from "./error.ts";
import { restoredSlot } from "./federation/join_state.ts";
import type { FederationClient, Wallets } from "./mod.ts";
import { openWallets } from "./mod.ts";
import type { ToyFederation } from "./testing/federation.ts";
import { startGuardians, toyFederation } from "./testing/federation.ts";
import { ownerOf, recoveringToy, ToyLog } from "./testing/recovering_toy.ts";
import { WORDS } from "./testing/restoring.ts";
import { TOY_KIND, ToyBooks, toyModule } from "./testing/toy.ts";
import type { OpenInWorld } from "./testing/wallets.ts";
import { openWalletsIn } from "./testing/wallets.ts";
import { ClientWorld } from "./testing/world.ts";
import { partPrefix } from "./wallet_list.ts";

const OTHER_WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const modules = new Map([[0, TOY_KIND]]);
const first = toyFederation({ modules });
const second = toyFederation({ modules, urlOf: (peer) => `ws://127.0.0.1:${7_100 + peer}/` });
const idOf = ({ invite }: ToyFederation): FederationId => invite.federationId;
const codeOf = ({ invite }: ToyFederation): string => formatInviteCode(invite);

class Setting {
  readonly world = new ClientWorld(1);
  readonly books = new Map([[first, new ToyBooks()], [second, new ToyBooks()]]);
  readonly logs = new Map([[first, new ToyLog()], [second, new ToyLog()]]);
  readonly keepers = new Map([[first, new Keepers()], [second, new Keepers()]]);
  /** Guardians of which nobody answers. */
  readonly silent = new Set<ToyFederation>();

  static async started(): Promise<Setting> {
    const setting = new Setting();
    for (const federation of [first, second]) {
      const books = setting.books.get(federation)!.script(federation.honest);
      const honest = setting.keepers.get(federation)!.script(setting.logs.get(federation)!.script(books));
      const script: typeof honest = (asked) => setting.silent.has(federation) ? new Promise(() => {}) : honest(asked);
      await setting.finish(startGuardians(setting.world, federation, script));
    }
    return setting;
  }

  finish<T>(promise: Promise<T>): Promise<T> {
    return this.world.finish(promise);
  }

  open(options: OpenInWorld = {}): Promise<Wallets> {
    const modules = [recoveringToy({ runsMeanwhile: true })];
    return openWalletsIn(this.world, { modules, automaticBackup: false, ...options });
  }

  /** The federation's log has this money of the words. */
  owes(federation: ToyFederation, words: string, ownMsat: bigint, sdkMsat = 0n): void {
    const secrets = secretsOfEntropy(entropyOfWords(words), idOf(federation));
    const { entries } = this.logs.get(federation)!;
    entries.push({ owner: ownerOf(secretOfModule(secrets, 0)), msat: ownMsat });
    if (sdkMsat > 0n) entries.push({ owner: ownerOf(otherSecretsOfModule(secrets, 0)[0]!.secret), msat: sdkMsat });
  }

  async added(wallets: Wallets, federation: ToyFederation): Promise<FederationClient> {
    const wallet = await this.finish(wallets.add(codeOf(federation)));
    await this.finish(wallet.awaitRecoveries());
    return wallet;
  }

  /** Keys that are left of a wallet's part. */
  async keysOfPart(federation: ToyFederation): Promise<number> {
    const store = await this.finish(this.world.openStore("wallets.kv"));
    let keys = 0;
    await this.finish(store.read(async (tx) => {
      for await (const _ of tx.range({ prefix: partPrefix(idOf(federation)) })) keys++;
    }));
    await this.finish(store.close());
    return keys;
  }
}

function isRestored(at: Setting, wallet: FederationClient): Promise<boolean> {
  return at.finish(wallet.client.options.store.read(async (tx) => await restoredSlot.get(tx) !== undefined));
}

function listed(wallets: Wallets): [FederationId, string][] {
  return wallets.list().map(({ federationId, status }): [FederationId, string] => [federationId, status]).sort();
}

Deno.test("given words are restored in each federation that is added, by both ways from the words, independently of the others", async () => {
  const at = await Setting.started();
  at.owes(first, WORDS, 100n, 30n);
  at.owes(second, WORDS, 7n);
  const wallets = await at.open();
  assertNotEquals(wallets.words(), WORDS);
  await at.finish(wallets.restore(`  ${WORDS.replaceAll(" ", "\n")} `));
  assertEquals(wallets.words(), WORDS);
  at.silent.add(second);
  const one = await at.added(wallets, first);
  assertEquals(await at.finish(one.getBalance()), 130n);
  // one federation is away: the other is there, and this one is tried again
  assertEquals((await assertRejects(() => at.finish(wallets.add(codeOf(second))), ClientError)).code, "no_answer");
  assertEquals(listed(wallets), [[idOf(first), "open"]]);
  at.silent.delete(second);
  const two = await at.added(wallets, second);
  assertEquals([await at.finish(two.getBalance()), await at.finish(wallets.totalMsat())], [7n, 137n]);
  const recoveries = await at.finish(wallets.recoveries());
  assertEquals(
    [...recoveries].map(([id, [status]]) => [id, status!.status]).sort(),
    [
      [idOf(first), "done"],
      [idOf(second), "done"],
    ].sort(),
  );
  await at.finish(wallets.close());
  const again = await at.open();
  assertEquals([again.words(), await at.finish(again.totalMsat())], [WORDS, 137n]);
  await at.finish(again.close());
});

Deno.test("a root with wallets takes no other words, the same ones it does, and wrong ones nobody", async () => {
  const at = await Setting.started(), wallets = await at.open(), made = wallets.words();
  await at.added(wallets, first);
  const refused = await assertRejects(() => at.finish(wallets.restore(OTHER_WORDS)), ClientError);
  assertEquals([refused.code, wallets.words()], ["wrong_secret", made]);
  await assertRejects(() => at.finish(wallets.restore(`${WORDS} about`)), CryptoError);
  at.owes(second, made, 11n);
  await at.finish(wallets.restore(made));
  const two = await at.added(wallets, second);
  assertEquals([await isRestored(at, two), await at.finish(two.getBalance())], [true, 11n]);
  await at.finish(wallets.close());
  const empty = await at.open();
  await at.finish(empty.leave(idOf(first)));
  await at.finish(empty.leave(idOf(second), { force: true }));
  // they were used: there may be money that only they bring back
  assertEquals((await assertRejects(() => at.finish(empty.restore(OTHER_WORDS)), ClientError)).code, "wrong_secret");
  await at.finish(empty.close());
});

Deno.test("the first federation of new words is asked nothing about them; one where somebody backed them up is restored", async () => {
  const at = await Setting.started(), wallets = await at.open(), words = wallets.words();
  at.owes(first, words, 100n);
  assertEquals(await isRestored(at, await at.added(wallets, first)), false);
  assertEquals(at.keepers.get(first)!.recovers, []);
  // another device has used the words in the second one
  at.owes(second, words, 50n);
  const other = keysOf(words, idOf(second)).get("sdk")!;
  const data = other.seal({ sessionCount: 1, metadata: new Uint8Array(), modules: new Map() }, at.world.platform.dice);
  for (const peer of [0, 1, 2, 3]) {
    const kept = { timestamp: { secsSinceEpoch: 1n, nanosSinceEpoch: 0 }, data };
    at.keepers.get(second)!.kept.set(peer, new Map([[toHex(other.id), kept]]));
  }
  const two = await at.added(wallets, second);
  assertEquals([await isRestored(at, two), await at.finish(two.getBalance())], [true, 50n]);
  await at.finish(wallets.close());
});

Deno.test("a wallet with money, with money under way, or that recovers isn't left unless it is told to", async () => {
  const at = await Setting.started(), wallets = await at.open();
  const one = await at.added(wallets, first), id = idOf(first);
  await at.finish(one.use(toyModule).fund(1_000n));
  const holds = await assertRejects(() => at.finish(wallets.leave(id)), ClientError);
  assertStringIncludes(holds.message, "it holds 1000 msat");
  at.books.get(first)!.silent = true;
  await at.finish(one.use(toyModule).pay("aa".repeat(32) as OperationId, 800n));
  const moves = await assertRejects(() => at.finish(wallets.leave(id)), ClientError);
  assertEquals([holds.code, moves.code], ["not_empty", "not_empty"]);
  assertStringIncludes(moves.message, "on their way in");
  // it is looked into where it rests, too
  await at.finish(wallets.leaveOut(id));
  assertEquals((await assertRejects(() => at.finish(wallets.leave(id)), ClientError)).code, "not_empty");
  assertEquals(listed(wallets), [[id, "left_out"]]);
  await at.finish(wallets.leave(id, { force: true }));
  assertEquals(wallets.list(), []);
  assertEquals((await assertRejects(() => at.finish(wallets.leave(id)), ClientError)).code, "not_joined");
  // what recovers isn't empty, whatever it shows
  const log = at.logs.get(first)!;
  at.owes(first, wallets.words(), 5n);
  log.silentFrom = 0;
  await at.finish(wallets.add(codeOf(first)));
  const recovers = await assertRejects(() => at.finish(wallets.leave(id)), ClientError);
  assertStringIncludes(recovers.message, "still being recovered");
  await at.finish(wallets.close());
});

Deno.test("a wallet that is left in the middle of its recovery, when told to, comes back whole", async () => {
  for (const reached of [0, 2, 5]) {
    const at = await Setting.started(), wallets = await at.open();
    await at.finish(wallets.restore(WORDS));
    for (let i = 0; i < 6; i++) at.owes(first, WORDS, 10n);
    const log = at.logs.get(first)!;
    log.silentFrom = reached;
    const wallet = await at.finish(wallets.add(codeOf(first)));
    const recovered = async (): Promise<void> => {
      for await (const [status] of wallet.recoveryProgress()) if (status!.complete === reached) return;
    };
    await at.finish(recovered());
    await at.finish(wallets.leave(idOf(first), { force: true }));
    assertEquals(wallets.list(), []);
    log.silentFrom = Infinity;
    const again = await at.added(wallets, first);
    assertEquals(await at.finish(again.getBalance()), 60n, `left after ${reached}`);
    await at.finish(wallets.close());
  }
});

Deno.test("a federation that ends for good while its money is looked for says so, holds up nothing, and can be let go", async () => {
  const at = await Setting.started();
  for (let i = 0; i < 3; i++) at.owes(first, WORDS, 10n);
  at.owes(second, WORDS, 7n);
  at.logs.get(first)!.silentFrom = 2;
  const wallets = await at.open();
  await at.finish(wallets.restore(WORDS));
  const ended = await at.finish(wallets.add(codeOf(first)));
  at.silent.add(first);
  const two = await at.added(wallets, second);
  await at.world.world.run({ forMs: 3_600_000 });
  assertEquals([await at.finish(two.getBalance()), await at.finish(wallets.totalMsat())], [7n, 7n]);
  const standing = async (open: Wallets): Promise<Record<string, unknown>> => {
    const all = await at.finish(open.recoveries());
    return Object.fromEntries(
      [...all].map(([id, [status]]) => [id, [status!.status, status!.complete, status!.total]]),
    );
  };
  const expected = { [idOf(first)]: ["running", 2, 3], [idOf(second)]: ["done", 1, 1] };
  assertEquals(await standing(wallets), expected);
  assert(await at.finish(ended.hasPendingRecoveries()));
  await at.finish(wallets.close());
  // the next opening asks nobody before it is open
  const again = await at.open();
  assertEquals([listed(again).map(([, status]) => status), await standing(again)], [["open", "open"], expected]);
  const refused = await assertRejects(() => at.finish(again.leave(idOf(first))), ClientError);
  assertStringIncludes(refused.message, "still being recovered");
  await at.finish(again.leave(idOf(first), { force: true }));
  assertEquals([listed(again), await at.finish(again.totalMsat())], [[[idOf(second), "open"]], 7n]);
  await at.finish(again.close());
});

Deno.test("words that are given while a federation is added are its wallet's, or refused", async () => {
  const codes: string[] = [];
  for (const isGivenFirst of [false, true]) {
    const at = await Setting.started(), wallets = await at.open(), made = wallets.words();
    at.owes(first, WORDS, 10n);
    const give = () => wallets.restore(WORDS).then(() => "given", (thrown: ClientError) => thrown.code);
    const adding = wallets.add(codeOf(first));
    // by then it is in the list, and guardians are being asked
    if (!isGivenFirst) await at.finish(sleep(at.world.platform.clock, 1));
    const [wallet, outcome] = await at.finish(Promise.all([adding, give()]));
    await at.finish(wallet.awaitRecoveries());
    codes.push(outcome);
    assertEquals(wallets.words(), outcome === "given" ? WORDS : made);
    const held = [await isRestored(at, wallet), await at.finish(wallet.getBalance())];
    assertEquals(held, outcome === "given" ? [true, 10n] : [false, 0n]);
    await at.finish(wallets.close());
    const reopened = await at.open();
    assertEquals(reopened.words(), outcome === "given" ? WORDS : made);
    await at.finish(reopened.close());
  }
  assertEquals(codes, ["wrong_secret", "given"]);
});

Deno.test("of a wallet that is left nothing stays but that it was: added again it is restored, and others are not touched", async () => {
  const at = await Setting.started(), wallets = await at.open();
  const one = await at.added(wallets, first), two = await at.added(wallets, second);
  await at.finish(two.use(toyModule).fund(500n));
  // more than one step deletes
  const { store } = one.client.options;
  const { durable } = await store.transact((tx) => {
    for (let i = 0; i < 2_500; i++) tx.set(Uint8Array.of(0xff, 0, 9, i >> 8, i & 0xff), Uint8Array.of(1));
  });
  await at.finish(durable);
  await at.finish(wallets.leave(idOf(first)));
  assertEquals(listed(wallets), [[idOf(second), "open"]]);
  assertEquals(await at.finish(two.getBalance()), 500n);
  await at.finish(wallets.close());
  assertEquals(await at.keysOfPart(first), 0);
  assert(await at.keysOfPart(second) > 0);
  const again = await at.open();
  assertEquals(listed(again), [[idOf(second), "open"]]);
  at.owes(first, again.words(), 42n);
  const back = await at.added(again, first);
  assertEquals([await isRestored(at, back), await at.finish(back.getBalance())], [true, 42n]);
  await at.finish(again.close());
});

Deno.test("a crash at any commit of leaving and adding again forgets no money, and never joins used words afresh", async () => {
  const seen = new Set<string>();
  for (let commit = 1;; commit++) {
    const at = await Setting.started();
    const before = await at.open(), words = before.words();
    await at.added(before, first);
    await at.finish(before.close());
    at.owes(first, words, 42n);
    const live = async (): Promise<"done"> => {
      const store = await at.world.openStore("wallets.kv", { failAtCommit: commit });
      const toys = [recoveringToy({ runsMeanwhile: true })];
      const options = { platform: at.world.platform, store, modules: toys, automaticBackup: false };
      const wallets = await openWallets(options);
      await wallets.leave(idOf(first));
      seen.add("left");
      const wallet = await wallets.add(codeOf(first));
      seen.add("added");
      await wallet.awaitRecoveries();
      return "done";
    };
    const outcome = await at.finish(live().catch(() => "crashed" as const));
    const again = await at.open();
    const [entry] = again.list();
    // where leaving had begun it has been done: there is nothing, or what was restored
    if (entry) {
      assert(entry.status === "open", `commit ${commit}`);
      seen.add(await isRestored(at, entry.wallet) ? "restored" : "never left");
    } else seen.add("gone");
    const wallet = await at.added(again, first);
    const expectedMsat = entry?.status === "open" && !await isRestored(at, entry.wallet) ? 0n : 42n;
    assertEquals(await at.finish(wallet.getBalance()), expectedMsat, `commit ${commit}`);
    await at.finish(again.close());
    if (outcome === "done") break;
    assert(commit < 200);
  }
  assertEquals([...seen].sort(), ["added", "gone", "left", "never left", "restored"]);
});
