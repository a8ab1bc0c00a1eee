/** Several federations under the same words. */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { checkSchema } from "../actors/store/schema.ts";
import { concat, fromHex, toHex } from "../core/bytes.ts";
import { clientRoot, defaultClientSecret, entropyOfWords, globalRoot, moduleSecret } from "../core/crypto/bip39.ts";
import type { FederationId, OperationId } from "../core/types/ids.ts";
import { formatInviteCode } from "../core/types/invite_code.ts";
import { WaitError } from "../modules/contract/waiting.ts";
import { storePart } from "./core/store_part.ts";
import { ClientError } from "./error.ts";
import { entropySlot, joinedSlot } from "./federation/join_state.ts";
import type { Wallets } from "./mod.ts";
import { openClient, openWallets, StoreError } from "./mod.ts";
import { startGuardians, toyFederation } from "./testing/federation.ts";
import type { ToyFederation } from "./testing/federation.ts";
import { TOY_KIND, ToyBooks, toyModule, toyOf } from "./testing/toy.ts";
import type { OpenInWorld } from "./testing/wallets.ts";
import { openWalletsIn } from "./testing/wallets.ts";
import { ClientWorld } from "./testing/world.ts";

const modules = new Map([[0, TOY_KIND]]);
const first = toyFederation({ modules, meta: { federation_name: "first" } });
const second = toyFederation({ modules, urlOf: (peer) => `ws://127.0.0.1:${7_100 + peer}/` });
const idOf = ({ invite }: ToyFederation): FederationId => invite.federationId;
const codeOf = ({ invite }: ToyFederation): string => formatInviteCode(invite);

class Setting {
  readonly world = new ClientWorld(1);
  readonly books = new Map([[first, new ToyBooks()], [second, new ToyBooks()]]);
  /** Guardians take calls and answer nothing. */
  silent = false;

  static async started(): Promise<Setting> {
    const setting = new Setting();
    for (const [federation, books] of setting.books) {
      const honest = books.script(federation.honest);
      await setting.finish(
        startGuardians(setting.world, federation, (asked) => setting.silent ? new Promise(() => {}) : honest(asked)),
      );
    }
    return setting;
  }

  finish<T>(promise: Promise<T>): Promise<T> {
    return this.world.finish(promise);
  }

  open(options: OpenInWorld = {}): Promise<Wallets> {
    return openWalletsIn(this.world, { modules: [toyModule], ...options });
  }
}

/** What is there: first digits of the id and how it is. */
function listed(wallets: Wallets): [FederationId, string][] {
  return wallets.list().map(({ federationId, status }): [FederationId, string] => [federationId, status]).sort();
}

function entries(...pairs: [ToyFederation, string][]): [FederationId, string][] {
  return pairs.map(([federation, status]): [FederationId, string] => [idOf(federation), status]).sort();
}

Deno.test("federations under the same words have money and secrets of their own, and are there again without any network", async () => {
  const at = await Setting.started();
  const wallets = await at.open(), words = wallets.words();
  assertEquals([words.split(" ").length, wallets.list()], [12, []]);
  const one = await at.finish(wallets.add(` ${codeOf(first)}\n`)), two = await at.finish(wallets.add(codeOf(second)));
  assertEquals([one.federationName, one.federationId, two.federationId], ["first", idOf(first), idOf(second)]);
  assertEquals(listed(wallets), entries([first, "open"], [second, "open"]));
  assertEquals([await at.finish(one.words()), await at.finish(two.words())], [words, words]);
  // the official client's derivation, federation by federation
  const root = globalRoot(entropyOfWords(words));
  for (const [wallet, federation] of [[one, first], [two, second]] as const) {
    const id = idOf(federation);
    const expected = moduleSecret(clientRoot(defaultClientSecret(root, id), id), 0);
    assertEquals(toHex(toyOf(wallet.client).env.secret.toBytes()), toHex(expected.toBytes()));
  }
  await at.finish(one.use(toyModule).fund(1_000n));
  await at.finish(two.use(toyModule).fund(500n));
  await at.finish(one.use(toyModule).pay("aa".repeat(32) as OperationId, 101n));
  await at.finish(one.operation("aa".repeat(32) as OperationId).result());
  assertEquals([await one.getBalance(), await two.getBalance(), await wallets.totalMsat()], [893n, 500n, 1_393n]);
  assertEquals((await at.finish(two.operations())).length, 0);
  await at.finish(wallets.close());
  at.silent = true;
  const again = await at.open();
  assertEquals([again.words(), listed(again)], [words, entries([first, "open"], [second, "open"])]);
  assertEquals(await at.finish(again.wallet(idOf(first))!.getBalance()), 893n);
  assertEquals(await at.finish(again.totalMsat()), 1_393n);
  await at.finish(again.close());
});

Deno.test("a wallet of one federation with the same words has the same secrets", async () => {
  const at = await Setting.started(), wallets = await at.open();
  const secret = toHex(toyOf((await at.finish(wallets.add(codeOf(first)))).client).env.secret.toBytes());
  const store = await at.finish(at.world.openStore("single.kv"));
  const { durable } = await store.transact((tx) => entropySlot.set(tx, entropyOfWords(wallets.words())));
  await at.finish(durable);
  await at.finish(wallets.close());
  const single = await at.finish(openClient({ platform: at.world.platform, store, modules: [toyModule] }));
  await at.finish(single.join(codeOf(first)));
  assertEquals(toHex(toyOf(single.client).env.secret.toBytes()), secret);
  await at.finish(single.close());
});

Deno.test("a wallet that is left out rests with its money, and goes on where it was when it is added again", async () => {
  const at = await Setting.started(), wallets = await at.open();
  const one = await at.finish(wallets.add(codeOf(first)));
  await at.finish(wallets.add(codeOf(second)));
  await at.finish(one.use(toyModule).fund(1_000n));
  at.books.get(first)!.silent = true;
  await at.finish(one.use(toyModule).pay("aa".repeat(32) as OperationId, 101n));
  await at.finish(wallets.leaveOut(idOf(first)));
  assertEquals(listed(wallets), entries([first, "left_out"], [second, "open"]));
  assertEquals([wallets.wallet(idOf(first)), await at.finish(wallets.totalMsat())], [undefined, 0n]);
  await at.finish(wallets.close());
  const again = await at.open();
  assertEquals(listed(again), entries([first, "left_out"], [second, "open"]));
  at.books.get(first)!.silent = false;
  const back = await at.finish(again.add(codeOf(first)));
  await at.finish(back.operation("aa".repeat(32) as OperationId).result());
  assertEquals([await at.finish(back.getBalance()), listed(again)[0]![1]], [893n, "open"]);
  // asks nobody
  await at.finish(again.leaveOut(idOf(first)));
  at.silent = true;
  assertEquals(await at.finish((await at.finish(again.resume(idOf(first)))).getBalance()), 893n);
  assertEquals(await at.finish(again.resume(idOf(first))), again.wallet(idOf(first))!);
  await at.finish(again.close());
});

Deno.test("a federation that can't be joined is not in the list, and what isn't there can't be left out or taken back", async () => {
  const at = await Setting.started(), wallets = await at.open();
  at.silent = true;
  const { code } = await assertRejects(() => at.finish(wallets.add(codeOf(first))), ClientError);
  assertEquals([code, wallets.list()], ["no_answer", []]);
  for (const work of [() => wallets.leaveOut(idOf(first)), () => wallets.resume(idOf(first))]) {
    assertEquals((await assertRejects(async () => void await work(), ClientError)).code, "not_joined");
  }
  const stop = new AbortController(), given = assertRejects(() => wallets.add(codeOf(first), stop.signal), WaitError);
  stop.abort();
  assertEquals([(await at.finish(given)).code, wallets.list()], ["aborted", []]);
  at.silent = false;
  assertEquals((await at.finish(wallets.add(codeOf(first)))).isJoined, true);
  await at.finish(wallets.close());
});

Deno.test("a federation that is added twice at once is joined once, and closing ends whoever waits", async () => {
  const at = await Setting.started(), wallets = await at.open();
  const both = await at.finish(Promise.all([wallets.add(codeOf(first)), wallets.add(codeOf(first))]));
  assert(both[0] === both[1]);
  at.silent = true;
  const waiting = assertRejects(() => wallets.add(codeOf(second)), WaitError);
  await at.finish(wallets.close());
  assertEquals((await at.finish(waiting)).code, "closed");
  assertEquals((await assertRejects(() => wallets.add(codeOf(second)), WaitError)).code, "closed");
  at.silent = false;
  const again = await at.open();
  assertEquals(listed(again), entries([first, "open"]));
  await at.finish(again.close());
});

Deno.test("a crash at any commit loses no words, no money and no federation that was added", async () => {
  const outcomes = new Set<string>();
  for (let commit = 1;; commit++) {
    const at = await Setting.started();
    let words: string | null = null, isAdded = false, isFunded = false;
    const live = async (): Promise<"done"> => {
      const store = await at.world.openStore("wallets.kv", { failAtCommit: commit });
      const wallets = await openWallets({ platform: at.world.platform, store, modules: [toyModule] });
      words = wallets.words();
      const wallet = await wallets.add(codeOf(first));
      isAdded = true;
      await wallet.use(toyModule).fund(1_000n);
      isFunded = true;
      await wallets.leaveOut(idOf(first));
      await wallets.resume(idOf(first));
      return "done";
    };
    const outcome = await at.finish(live().catch(() => "crashed" as const));
    const again = await at.open();
    if (words !== null) assertEquals(again.words(), words, `commit ${commit}`);
    const [entry] = again.list();
    if (isAdded) assertNotEquals(entry, undefined, `commit ${commit}`);
    outcomes.add(entry?.status ?? "nothing");
    // whatever there was, it goes on from there
    const wallet = await at.finish(again.add(codeOf(first)));
    const money = await at.finish(wallet.getBalance());
    if (isFunded) assertEquals(money, 1_000n, `commit ${commit}`);
    assertEquals(await at.finish(wallet.words()), again.words());
    await at.finish(again.close());
    if (outcome === "done") break;
  }
  assertEquals([...outcomes].sort(), ["left_out", "nothing", "open"]);
});

Deno.test("a wallet that can't be opened hurts no other one, says why, and can be tried again", async () => {
  const at = await Setting.started(), wallets = await at.open();
  await at.finish(wallets.add(codeOf(first)));
  await at.finish(wallets.add(codeOf(second)));
  await at.finish(wallets.close());
  const store = await at.finish(at.world.openStore("wallets.kv"));
  const part = storePart(store, concat(Uint8Array.of(0x10), fromHex(idOf(first))));
  const joined = (await at.finish(part.read((tx) => joinedSlot.get(tx))))!;
  const check = async (secretCheck: typeof joined.secretCheck): Promise<void> => {
    const { durable } = await part.transact((tx) => joinedSlot.set(tx, { ...joined, secretCheck }));
    await durable;
  };
  await at.finish(check(new Uint8Array(8) as typeof joined.secretCheck));
  const options = { platform: at.world.platform, store, modules: [toyModule] };
  const again = await at.finish(openWallets(options));
  const failed = again.list().find(({ federationId }) => federationId === idOf(first))!;
  assert(failed.status === "failed" && failed.error instanceof ClientError && failed.error.code === "wrong_secret");
  assertEquals(listed(again), entries([first, "failed"], [second, "open"]));
  await assertRejects(() => at.finish(again.resume(idOf(first))), ClientError);
  assertEquals(listed(again), entries([first, "failed"], [second, "open"]));
  await at.finish(check(joined.secretCheck));
  assertEquals((await at.finish(again.resume(idOf(first)))).isJoined, true);
  await at.finish(again.close());
});

Deno.test("a wallet that gives up is told, the others go on, and it can be opened again", async () => {
  const at = await Setting.started();
  let breaks = false;
  const breaking = {
    ...toyModule,
    start: async (env: Parameters<typeof toyModule.start>[0]) => {
      if (breaks && env.federationId === idOf(first)) throw new Error("broken");
      const { background: _, ...module } = await toyModule.start(env);
      const background = async (): Promise<void> => {
        while (!env.signal.aborted) {
          if (breaks && env.federationId === idOf(first)) throw new Error("broken");
          await new Promise<void>((resolve) => env.platform.clock.setTimer(1_000, resolve));
        }
      };
      return { ...module, background };
    },
  };
  const wallets = await at.open({ modules: [breaking] });
  const one = await at.finish(wallets.add(codeOf(first)));
  await at.finish(wallets.add(codeOf(second)));
  await at.finish(one.use(toyModule).fund(1_000n));
  breaks = true;
  await at.finish(assertRejects(() => one.failed));
  await at.world.world.run({ forMs: 1_000 });
  assertEquals(listed(wallets), entries([first, "failed"], [second, "open"]));
  breaks = false;
  const back = await at.finish(wallets.resume(idOf(first)));
  assertEquals(await at.finish(back.getBalance()), 1_000n);
  await at.finish(wallets.close());
});

Deno.test("a database of a newer program is refused with a sentence, and so is one wallet's part alone", async () => {
  const at = await Setting.started();
  const newer = await at.finish(at.world.openStore("newer.kv"));
  await at.finish(checkSchema(newer, { version: 3, migrations: {} }));
  const options = { platform: at.world.platform, modules: [toyModule] };
  const refused = await assertRejects(() => at.finish(openWallets({ ...options, store: newer })), StoreError);
  assertEquals(refused.facts, { code: "newer_schema", found: 3, supported: 2 });
  const wallets = await at.open();
  await at.finish(wallets.add(codeOf(first)));
  await at.finish(wallets.close());
  const raised = { ...toyModule, schema: { version: 3, migrations: { 0: () => {}, 1: () => {}, 2: () => {} } } };
  const ahead = await at.open({ modules: [raised] });
  await at.finish(ahead.add(codeOf(second)));
  await at.finish(ahead.close());
  const again = await at.open();
  for (const entry of again.list()) {
    assert(entry.status === "failed" && entry.error instanceof StoreError && entry.error.code === "newer_schema");
  }
  await at.finish(again.close());
  const there = await at.open({ modules: [raised] });
  assertEquals(listed(there), entries([first, "open"], [second, "open"]));
  await at.finish(there.close());
});

Deno.test("a database of the version before is taken as it is", async () => {
  const at = await Setting.started();
  const store = await at.finish(at.world.openStore("older.kv"));
  await at.finish(checkSchema(store, { version: 1, migrations: { 0: () => {} } }));
  const entropy = new Uint8Array(16).fill(7);
  const { durable } = await store.transact((tx) => {
    tx.set(Uint8Array.of(1), concat(Uint8Array.of(16), entropy));
    // left out, and one that a crash kept from joining
    tx.set(concat(Uint8Array.of(2), fromHex(idOf(first))), Uint8Array.of(1));
    tx.set(concat(Uint8Array.of(2), fromHex(idOf(second))), Uint8Array.of(0));
  });
  await at.finish(durable);
  const wallets = await at.finish(openWallets({ platform: at.world.platform, store, modules: [toyModule] }));
  assertEquals([entropyOfWords(wallets.words()), listed(wallets)], [entropy, entries([first, "left_out"])]);
  await at.finish(wallets.close());
});
