/** Commands that wait: for another process, for money, for guardians, and until somebody is tired of it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Store } from "../../actors/store/mod.ts";
import { StoreError } from "../../actors/store/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { orEnded } from "../../modules/contract/waiting.ts";
import { formatEcash, makeEcash } from "../../modules/mintv2/ecash.ts";
import { WalletError } from "../../modules/walletv2/client/error.ts";
import type { PendingDeposit, WalletClient } from "../../modules/walletv2/client/api.ts";
import { ClientWorld } from "../testing/world.ts";
import { joinedWorld, quietModules, runInWorld, startInWorld, WALLET_DIR } from "./testing/mod.ts";

const modules = quietModules;
const DIR = ["--data-dir", WALLET_DIR];

Deno.test("a second process waits as long as the first has the wallet, says so once, and goes on as soon as it has left", async () => {
  for (
    const [forMs, pid, line] of [[300, 4711, ""], [3_000, null, "Another process"], [
      600_000,
      4711,
      "Process 4711",
    ]] as const
  ) {
    const world = await joinedWorld();
    const freeMs = world.world.nowMs + forMs;
    const { exit, err } = await runInWorld(world, [...DIR, "info"], {
      modules,
      openStore: (path) =>
        world.world.nowMs < freeMs
          ? Promise.reject(new StoreError({ code: "locked", path, pid }, "locked"))
          : world.openStore(path),
    });
    const told = line === "" ? "" : `${line} uses /wallet: waiting until it has ended. Ctrl-C gives up.\n`;
    assertEquals([exit, err], [0, told]);
    assert(world.world.nowMs - freeMs < 200);
  }
});

/** The wallet module with an address at once, and a deposit that is claimed as soon as it is open after this time. */
function depositedAt(
  paidMs: number,
  nowMs: () => number,
  api: Partial<Pick<WalletClient, "deposits" | "trouble" | "look" | "lastLookMs">> = {},
): AnyClientModuleDefinition[] {
  const quiet = {
    receive: () => Promise.resolve("bcrt1address"),
    look: () => Promise.resolve(),
    lastLookMs: () => Promise.resolve(null),
    deposits: () => Promise.resolve([]),
    trouble: () => Promise.resolve(null),
  };
  const operationId = "ab".repeat(32) as OperationId;
  return quietModules.map((definition) =>
    definition.kind !== "walletv2" ? definition : {
      ...definition,
      start: async (env) => ({
        ...await definition.start(env),
        api: Object.defineProperties(quiet, Object.getOwnPropertyDescriptors(api)),
        background: async () => {
          while (nowMs() < paidMs && !env.signal.aborted) {
            await sleep(env.platform.clock, 100, env.signal).catch(() => undefined);
          }
          if (env.signal.aborted || await env.core.operationExists(operationId)) return;
          const operation = { operation_id: operationId };
          await env.core.transact(operationId, (tx) => {
            env.core.logOperation(tx, "deposit");
            tx.logEvent("payment-receive", { ...operation, value: 20_000, fee: 100, address: "bcrt1address" });
            tx.logEvent("payment-receive-update", { ...operation, status: "Success" });
            return Promise.resolve();
          });
        },
      }),
    }
  );
}
Deno.test("who waits for a deposit lets others use the wallet, and hears of it whoever claimed it", async () => {
  for (const paidAfterMs of [3_000, 25_000]) {
    const world = await joinedWorld(), { world: { nowMs } } = world;
    const definitions = depositedAt(nowMs + paidAfterMs, () => world.world.nowMs);
    // one process at a time, as the lock has it
    let held = false;
    const openStore = async (path: string): Promise<Store> => {
      if (held) throw new StoreError({ code: "locked", path, pid: 4711 }, "locked");
      held = true;
      const store = await world.openStore(path);
      const close = store.close.bind(store);
      return Object.assign(store, { close: () => close().finally(() => held = false) });
    };
    const options = { modules: definitions, openStore };
    const waiting = startInWorld(world, [...DIR, "deposit", "--wait"], options);
    await world.world.run({ forMs: 1_000 });
    const others: number[] = [];
    for (let i = 0; i < 2; i++) {
      // whoever waits has come back to the wallet
      if (i > 0) await world.world.run({ forMs: 2_000 });
      const begunMs = world.world.nowMs;
      const { exit, err } = await runInWorld(world, [...DIR, "balance"], options);
      assertEquals([exit, /^Process 4711 uses \/wallet: waiting/.test(err)], [0, true], err);
      others.push(world.world.nowMs - begunMs);
      if (paidAfterMs < 10_000) break;
    }
    assert(others.every((tookMs) => tookMs < 12_000), `${others}`);
    const { exit, out, err } = await world.finish(waiting);
    assertEquals([exit, out.split("\n")], [0, ["bcrt1address", "Received. Balance: 0 sat (0 msat)", ""]]);
    assertEquals(err.match(/20,000 sat \(20,000,000 msat\) arrived/g)?.length, 1);
    assert(!err.includes("uses /wallet"), "whoever waits for a deposit has said enough");
  }
});

Deno.test("the balance is that of now, or says how old it is and why", async () => {
  const world = await joinedWorld(), nowMs = () => world.world.nowMs;
  const lastLookMs = () => Promise.resolve<number | null>(world.platform.clock.nowMs() - 3 * 3_600_000);
  const balance = async (look: WalletClient["look"], last = lastLookMs): Promise<[string[], number]> => {
    const definitions = depositedAt(Infinity, nowMs, { look, lastLookMs: last }), begunMs = nowMs();
    const { exit, out, err } = await runInWorld(world, [...DIR, "balance"], { modules: definitions });
    assertEquals([exit, err], [0, "Looking for what has come; 5 seconds at the most …\n"]);
    return [out.split("\n").slice(1, -2), nowMs() - begunMs];
  };
  const [none, quickMs] = await balance(() => Promise.resolve());
  assertEquals(none, []);
  assert(quickMs < 1_000);
  const [[silent], lateMs] = await balance((signal) => orEnded(signal!, () => new Promise(() => {})));
  assertMatch(
    silent!,
    /^As of \d{4}-\d\d-\d\d \d\d:\d\d UTC, 3 hours ago: it took longer than 5 seconds to look for more\. `deposit --wait` waits as long as it takes\.$/,
  );
  assert(lateMs >= 5_000 && lateMs < 6_000, `${lateMs}`);
  const away = WalletError.of("federation", { cause: new Error("three are away") });
  const [[failed]] = await balance(() => Promise.reject(away));
  assertMatch(failed!, /3 hours ago: .*three are away\.$/);
  const apart = (peers: Record<number, string>) =>
    balance(() =>
      Promise.reject(
        WalletError.of("federation", { cause: new ApiError({ code: "federation", method: "m", peers }, "rpc error") }),
      )
    );
  const [[cut]] = await apart({ 1: "Connection failed: a:1 refused", 3: "Connection failed: b:1 timed out" });
  assertMatch(cut!, /3 hours ago: too few guardians can be reached; there is no connection to 1, 3\.$/);
  // what a guardian says for itself is told as it is
  const [[mixed]] = await apart({ 1: "Connection failed: a:1 refused", 3: "busy" });
  assertMatch(mixed!, /: rpc error\.$/);
  const [[never]] = await balance(() => Promise.reject(away), () => Promise.resolve(null));
  assertMatch(never!, /^It was never looked for deposits: .*three are away\.$/);
});

Deno.test("who waits for a deposit is told once why it doesn't come", async () => {
  const world = await joinedWorld(), nowMs = () => world.world.nowMs, begunMs = nowMs();
  const waiting: PendingDeposit = {
    outputIndex: 1,
    valueSat: 20_000n,
    address: "bcrt1address",
    status: "waiting",
    tries: 0,
    reason: "3 transactions of the federation wait for a block",
  };
  const small: PendingDeposit = { ...waiting, valueSat: 100n, status: "too_small", reason: "it doesn't pay the fee" };
  const definitions = depositedAt(begunMs + 30_000, nowMs, {
    deposits: () => Promise.resolve(nowMs() < begunMs + 5_000 ? [] : [waiting, small]),
    trouble: () => Promise.resolve(nowMs() < begunMs + 5_000 ? "no feerate" : null),
  });
  const { exit, err } = await runInWorld(world, [...DIR, "deposit", "--wait"], { modules: definitions });
  assertEquals(exit, 0);
  const lines = err.split("\n");
  for (
    const line of [
      "Nothing can be credited at the moment: no feerate.",
      "20,000 sat (20,000,000 msat) to bcrt1address: waits: 3 transactions of the federation wait for a block.",
      "100 sat (100,000 msat) to bcrt1address: too small: it doesn't pay the fee; tried again when the fee falls.",
    ]
  ) assertEquals(lines.filter((each) => each === line).length, 1, err);
});

Deno.test("any other failure of the database is told at once", async () => {
  const world = new ClientWorld(1);
  const newer = new StoreError({ code: "newer_schema", found: 9, supported: 1 }, "The database is of version 9");
  const begunMs = world.world.nowMs;
  const { exit, out } = await runInWorld(world, [...DIR, "info"], { modules, openStore: () => Promise.reject(newer) });
  assertEquals([exit, parseJson(out), world.world.nowMs - begunMs < 100], [
    1,
    { error: "The database is of version 9" },
    true,
  ]);
});

Deno.test("who gives up waiting for e-cash that is being redeemed has read that it goes on", async () => {
  const world = await joinedWorld(), interruption = new AbortController();
  const silent = modules.map((definition): AnyClientModuleDefinition =>
    definition.kind !== "mintv2" ? definition : {
      ...definition,
      start: async (env) => {
        const module = await definition.start(env);
        const api = Object.create(module.api as object, {
          receive: { value: () => Promise.resolve("ab".repeat(32)) },
          awaitReceive: {
            value: (_operation: OperationId, signal: AbortSignal) => orEnded(signal, () => new Promise(() => {})),
          },
        });
        return { ...module, api };
      },
    }
  );
  void sleep(world.platform.clock, 60_000).then(() => interruption.abort(new Error("Interrupted")));
  const ecash = formatEcash(makeEcash("ab".repeat(32), []));
  const options = { modules: silent, signal: interruption.signal };
  const { exit, out, err } = await runInWorld(world, [...DIR, "receive", ecash], options);
  assertEquals([exit, out], [130, ""]);
  assertMatch(err, /is being redeemed\. Ctrl-C stops waiting; it goes on while the wallet is open\.\n$/);
});

Deno.test("Ctrl-C ends a waiting command with exit code 130, closes the database and prints no result", async () => {
  const world = await joinedWorld();
  const interruption = new AbortController();
  void sleep(world.platform.clock, 5_000).then(() => interruption.abort(new Error("Interrupted")));
  const waiting = await runInWorld(world, [...DIR, "dev", "wait"], { modules, signal: interruption.signal });
  assertEquals([waiting.exit, waiting.out, waiting.err], [130, "", ""]);
  // the store was closed in order: the next process finds it whole
  assertEquals((await runInWorld(world, [...DIR, "info"], { modules })).exit, 0);
});

Deno.test("Ctrl-C also ends the wait for another process", async () => {
  const world = new ClientWorld(1);
  const interruption = new AbortController();
  void sleep(world.platform.clock, 500).then(() => interruption.abort(new Error("Interrupted")));
  const locked = new StoreError({ code: "locked", path: "x", pid: null }, "locked");
  const options = { modules, signal: interruption.signal, openStore: () => Promise.reject(locked) };
  assertEquals((await runInWorld(world, [...DIR, "balance"], options)).exit, 130);
});
