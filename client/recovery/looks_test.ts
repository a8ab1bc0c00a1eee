/** Looks that follow a module's recovery: when they are made, what they bring, and that each happens once. */
import { assert, assertEquals } from "@std/assert";
import type { LogRecord } from "../../actors/logger.ts";
import { globalRoot } from "../../core/crypto/bip39.ts";
import type { Bytes } from "../../core/bytes.ts";
import { decode, encode, u64 } from "../../core/encoding/mod.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import type { LaterLooks } from "../../modules/contract/recovery.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import type { Client } from "../core/client.ts";
import { modulePrefix } from "../core/database.ts";
import { secretOfModule, secretsOfPreRoot } from "../core/secrets.ts";
import type { ToyProgress, ToyRecovery } from "../testing/recovering_toy.ts";
import { countedEntries, ownerOf, recoveringToy } from "../testing/recovering_toy.ts";
import { getEvents } from "../logs/events.ts";
import { oneToy, Restoring } from "../testing/restoring.ts";
import { addToBalance, TOY_KIND } from "../testing/toy.ts";
import { getRecovery, setRecovery } from "./records.ts";

const MINUTE_MS = 60_000, HOUR_MS = 60 * MINUTE_MS;
const AFTER_MS = [3 * MINUTE_MS, 15 * MINUTE_MS, 24 * HOUR_MS];
const secret = globalRoot(new Uint8Array(16) as Bytes);
const secrets = secretsOfPreRoot(secret, oneToy.invite.federationId);
const owner = ownerOf(secretOfModule(secrets, 0));

/** What of the balance passes before have brought; and the mark that a module sets when it is restored. */
const BROUGHT = Uint8Array.of(0x78), RESTORED = Uint8Array.of(0x79);

/** The toy, with looks: each brings what is more than before. */
function lookingToy(change: Partial<ToyRecovery> = {}, looks: Partial<LaterLooks<null, ToyProgress>> = {}) {
  const { recovery } = recoveringToy({ runsMeanwhile: true });
  const later: LaterLooks<null, ToyProgress> = {
    afterMs: AFTER_MS,
    prepare: async (env, done) => ({ ...done, total: (await recovery!.prepare(env) as ToyProgress).total }),
    begin: async (store) => await store.get(RESTORED) !== undefined,
    ...looks,
  };
  const finish: ToyRecovery["finish"] = async (_env, { store }, { ownMsat }, isLast) => {
    const before = await store.get(BROUGHT);
    await addToBalance(store, ownMsat - (before ? decode(u64, before) : 0n));
    store.set(BROUGHT, encode(u64, ownMsat));
    if (isLast) store.delete(RESTORED);
    return { amountMsat: ownMsat, otherMsat: [] };
  };
  const restored: ToyRecovery["restored"] = (store) => store.set(RESTORED, new Uint8Array(0));
  return recoveringToy({ runsMeanwhile: true, change: { restored, finish, ...change, later } });
}

async function started(modules: readonly AnyClientModuleDefinition[] = [lookingToy()]) {
  const at = await Restoring.started({ secrets });
  at.log.entries.length = 2;
  const records: LogRecord[] = [];
  const open = (failAtCommit = Infinity) =>
    at.open({ modules, secret, failAtCommit, log: (record) => void records.push(record) });
  const pass = (forMs: number) => at.world.world.run({ forMs });
  const add = (msat: bigint) => void at.log.entries.push({ owner, msat });
  return { at, open, pass, add, records };
}

async function restored({ at, open }: Awaited<ReturnType<typeof started>>): Promise<Client> {
  const client = await open();
  await at.finish(client.restore(at.federation.invite));
  await at.finish(client.awaitRecoveries());
  return client;
}

async function recoveryEvents(client: Client): Promise<[string, unknown][]> {
  await client.nextEventId();
  const events = await client.options.store.read((tx) => getEvents(tx, 0, 100));
  return events.filter(({ kind }) => kind.startsWith("module-recovery-")).map(({ kind, payload }) => [
    kind.slice("module-recovery-".length),
    (payload as { amount?: unknown }).amount ?? null,
  ]);
}

Deno.test("a recovery looks again when it is due, brings what came since, and is done all the while", async () => {
  const setting = await started(), { at, pass, add } = setting;
  const client = await restored(setting);
  const askedFor = () => at.log.asked;
  add(5n);
  await pass(AFTER_MS[0]! - MINUTE_MS);
  assertEquals([await at.finish(client.balanceMsat()), await at.finish(client.hasPendingRecoveries())], [100n, false]);
  await pass(2 * MINUTE_MS);
  assertEquals(await at.finish(client.balanceMsat()), 105n);
  const [status] = await at.finish(client.recoveries());
  assert(status?.status === "done");
  assertEquals([status.amountMsat, status.complete, status.total], [105n, 2, 2]);
  add(6n);
  await pass(AFTER_MS[1]!);
  assertEquals(await at.finish(client.balanceMsat()), 111n);
  add(7n);
  await pass(AFTER_MS[2]!);
  assertEquals(await at.finish(client.balanceMsat()), 118n);
  // that was the last one
  const asked = askedFor();
  add(8n);
  await pass(3 * AFTER_MS[2]!);
  assertEquals([await at.finish(client.balanceMsat()), askedFor()], [118n, asked]);
  assertEquals(await at.finish(recoveryEvents(client)), [
    ["started", null],
    ["completed", 100],
    ["amended", 105],
    ["amended", 111],
    ["amended", 118],
  ]);
  await at.finish(client.close());
  const again = await setting.open();
  await pass(MINUTE_MS);
  assertEquals([await at.finish(again.balanceMsat()), askedFor()], [118n, asked]);
  await at.finish(again.close());
});

Deno.test("a wallet that was closed makes up for its looks with one, but for the last one", async () => {
  for (const [closedMs, looksLeft] of [[4 * MINUTE_MS, 2], [20 * MINUTE_MS, 1], [30 * HOUR_MS, 1]] as const) {
    const setting = await started(), { at, open, pass, add } = setting;
    await at.finish((await restored(setting)).close());
    add(5n);
    await pass(closedMs);
    const client = await open();
    await pass(1_000);
    assertEquals(await at.finish(client.balanceMsat()), 105n);
    const record = await at.finish(client.options.store.read((tx) => getRecovery(tx, 0)));
    const stage = record!.stage;
    assertEquals(stage.tag === "Later" ? AFTER_MS.length - stage.value.looks : 0, looksLeft, `${closedMs} ms`);
    await at.finish(client.close());
  }
});

Deno.test("a wallet that is opened once a day looks three times, and no more", async () => {
  const setting = await started(), { at, open, pass, add } = setting;
  await at.finish((await restored(setting)).close());
  for (const [day, balanceMsat] of [[1, 101n], [2, 102n], [3, 103n], [4, 103n]] as const) {
    add(1n);
    await pass(24 * HOUR_MS + MINUTE_MS);
    const client = await open();
    await pass(1_000);
    assertEquals(await at.finish(client.balanceMsat()), balanceMsat, `day ${day}`);
    await at.finish(client.close());
  }
});

Deno.test("a clock that is set while the wallet is open changes nothing of when it looks", async () => {
  for (const byMs of [10_000 * HOUR_MS, -10_000 * HOUR_MS]) {
    const setting = await started(), { at, pass, add } = setting;
    const { platform } = at.world, { clock } = platform;
    let skewMs = 0;
    const set = { ...platform, clock: { ...clock, nowMs: () => clock.nowMs() + 20_000 * HOUR_MS + skewMs } };
    const client = await at.open({ modules: [lookingToy()], secret, platform: set });
    await at.finish(client.restore(at.federation.invite));
    await at.finish(client.awaitRecoveries());
    const restoredMs = clock.monotonicMs();
    // as at the first answer of a time server
    skewMs = byMs;
    for (const [untilMs, msat] of [[AFTER_MS[0]!, 1n], [AFTER_MS[1]!, 2n], [AFTER_MS[2]!, 4n]] as const) {
      const before = await at.finish(client.balanceMsat());
      add(msat);
      await pass(untilMs - (clock.monotonicMs() - restoredMs) - MINUTE_MS);
      assertEquals(await at.finish(client.balanceMsat()), before);
      await pass(2 * MINUTE_MS);
      assertEquals(await at.finish(client.balanceMsat()), before + msat, `${untilMs} ms`);
    }
    await at.finish(client.close());
  }
});

Deno.test("a clock that is set forward while the wallet is closed can't bring the last look before its time", async () => {
  const setting = await started(), { at, pass, add } = setting;
  await at.finish((await restored(setting)).close());
  const { platform } = at.world, { clock } = platform;
  const set = { ...platform, clock: { ...clock, nowMs: () => clock.nowMs() + 10_000 * HOUR_MS } };
  const open = () => at.open({ modules: [lookingToy()], secret, platform: set });
  const first = await open();
  await pass(MINUTE_MS);
  await at.finish(first.close());
  // what the lost device was paying is decided on after that first look
  add(5n);
  await pass(HOUR_MS);
  const soon = await open();
  await pass(MINUTE_MS);
  assertEquals(await at.finish(soon.balanceMsat()), 100n);
  await at.finish(soon.close());
  // the last one, and the same once more
  for (const [tag, balanceMsat] of [["Later", 105n], ["Done", 112n]] as const) {
    await pass(AFTER_MS[2]!);
    const later = await open();
    await pass(MINUTE_MS);
    assertEquals(await at.finish(later.balanceMsat()), balanceMsat);
    const record = await at.finish(later.options.store.read((tx) => getRecovery(tx, 0)));
    assertEquals(record!.stage.tag, tag);
    await at.finish(later.close());
    add(7n);
  }
});

Deno.test("with only the last look due, a clock that is set forward while the wallet is closed can't end the looks", async () => {
  const setting = await started(), { at, pass, add } = setting;
  const client = await restored(setting);
  await pass(20 * MINUTE_MS);
  await at.finish(client.close());
  const { platform } = at.world, { clock } = platform;
  const set = { ...platform, clock: { ...clock, nowMs: () => clock.nowMs() + 30 * HOUR_MS } };
  const open = async (): Promise<string> => {
    const opened = await at.open({ modules: [lookingToy()], secret, platform: set });
    await pass(MINUTE_MS);
    const record = await at.finish(opened.options.store.read((tx) => getRecovery(tx, 0)));
    const balanceMsat = await at.finish(opened.balanceMsat());
    await at.finish(opened.close());
    return `${record!.stage.tag} ${balanceMsat}`;
  };
  assertEquals(await open(), "Later 100");
  // what the lost device paid is decided on hours later
  add(5n);
  await pass(HOUR_MS);
  assertEquals(await open(), "Later 100");
  await pass(24 * HOUR_MS);
  assertEquals(await open(), "Done 105");
});

Deno.test("a wallet that was open for most of the time before the last look makes no more", async () => {
  const setting = await started(), { at, pass, open } = setting;
  const client = await restored(setting);
  await pass(20 * MINUTE_MS);
  await at.finish(client.close());
  await pass(10 * HOUR_MS);
  const again = await open();
  await pass(14 * HOUR_MS);
  const record = await at.finish(again.options.store.read((tx) => getRecovery(tx, 0)));
  assertEquals(record!.stage.tag, "Done");
  await at.finish(again.close());
});

Deno.test("a wallet whose clock was set back looks no later than when all its time has passed", async () => {
  const setting = await started(), { at, open, pass, add } = setting;
  const first = await restored(setting);
  const { store } = first.options;
  await at.finish((async () => {
    const { durable } = await store.transact(async (tx) => {
      const record = (await getRecovery(tx, 0))!;
      assert(record.stage.tag === "Later");
      const value = { ...record.stage.value, doneMs: record.stage.value.doneMs + 1_000 * HOUR_MS };
      setRecovery(tx, 0, { ...record, stage: { tag: "Later", value } });
    });
    await durable;
  })());
  await at.finish(first.close());
  add(5n);
  const client = await open();
  await pass(AFTER_MS[0]! + 1_000);
  assertEquals(await at.finish(client.balanceMsat()), 105n);
  await at.finish(client.close());
});

Deno.test("guardians that are away are waited for, and a look that they stop goes on where it was", async () => {
  const setting = await started(), { at, open, pass, add } = setting;
  await at.finish((await restored(setting)).close());
  for (let i = 0; i < 4; i++) add(5n);
  at.log.silentFrom = 4;
  await pass(AFTER_MS[0]!);
  const first = await open();
  await pass(MINUTE_MS);
  assertEquals(await at.finish(first.balanceMsat()), 100n);
  await at.finish(first.close());
  at.log.silentFrom = Infinity;
  const asked = at.log.asked, client = await open();
  await pass(MINUTE_MS);
  assertEquals(await at.finish(client.balanceMsat()), 120n);
  assert(at.log.asked - asked <= 8, "four guardians are asked for two entries");
  const part = client.options.store.view(modulePrefix(0));
  assertEquals(await at.finish(part.read((tx) => countedEntries(tx))), [1, 1, 1, 1, 1, 1]);
  await at.finish(client.close());
});

Deno.test("a look that fails is told, harms nothing, and is made at the next start", async () => {
  let onFire = true;
  const { recovery } = recoveringToy({ runsMeanwhile: true });
  const run: ToyRecovery["run"] = (env, steps) =>
    onFire && steps.state.next > 0 ? Promise.reject(new Error("the log is on fire")) : recovery!.run(env, steps);
  const setting = await started([lookingToy({ run })]), { at, open, pass, add, records } = setting;
  const client = await restored(setting);
  add(5n);
  await pass(AFTER_MS[0]! + MINUTE_MS);
  assertEquals([await at.finish(client.balanceMsat()), await at.finish(client.hasPendingRecoveries())], [100n, false]);
  assertEquals(records.filter(({ message }) => message.startsWith("A look that follows")).length, 1);
  await at.finish(client.close());
  onFire = false;
  const again = await open();
  await pass(MINUTE_MS);
  assertEquals(await at.finish(again.balanceMsat()), 105n);
  await at.finish(again.close());
});

Deno.test("a module that can't tell its own doing any more looks through nothing, and no look follows", async () => {
  const setting = await started([lookingToy({}, { begin: () => Promise.resolve(false) })]);
  const { at, pass, add } = setting, client = await restored(setting);
  add(5n);
  await pass(AFTER_MS[0]! + MINUTE_MS);
  assertEquals(await at.finish(client.balanceMsat()), 100n);
  const record = await at.finish(client.options.store.read((tx) => getRecovery(tx, 0)));
  assertEquals(record!.stage.tag, "Done");
  assertEquals((await at.finish(client.recoveries())).map(({ kind }) => kind), [TOY_KIND]);
  await at.finish(client.close());
});

Deno.test("killed at any commit of a look, a wallet has the same in the end, and each entry once", async () => {
  for (let commit = 1, whole = false; !whole; commit++) {
    const setting = await started(), { at, open, pass, add } = setting;
    await at.finish((await restored(setting)).close());
    add(5n);
    add(6n);
    await pass(AFTER_MS[0]!);
    const dice = seededDice(commit);
    try {
      const killed = await open(commit);
      await pass(MINUTE_MS + dice.below(1_000));
      whole = await at.finish(killed.balanceMsat()) === 111n && commit > 8;
      await at.finish(killed.close().catch(() => undefined));
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown;
    }
    const client = await open();
    await pass(MINUTE_MS);
    assertEquals(await at.finish(client.balanceMsat()), 111n, `killed at commit ${commit}`);
    const part = client.options.store.view(modulePrefix(0));
    assertEquals(await at.finish(part.read((tx) => countedEntries(tx))), [1, 1, 1, 1], `killed at commit ${commit}`);
    const [status] = await at.finish(client.recoveries());
    assert(status?.status === "done" && status.amountMsat === 111n, `killed at commit ${commit}`);
    await at.finish(client.close());
  }
});
