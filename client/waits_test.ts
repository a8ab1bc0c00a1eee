/**
 * Every public promise of a client settles, with a coded error: when it is given up, when the client is closed, and
 * when it is asked about an operation that is none. Guardians take every call and answer nothing.
 */
import { assertEquals } from "@std/assert";
import { bls } from "../core/crypto/bls/mod.ts";
import { FedimintError } from "../core/result.ts";
import type { OperationId } from "../core/types/ids.ts";
import { metaClient } from "../modules/meta/client.ts";
import { mintv2Client } from "../modules/mintv2/client.ts";
import { addNotes } from "../modules/mintv2/client/db.ts";
import { walletv2Client } from "../modules/walletv2/client.ts";
import { quietModules, recordedFederation, recordedInvite } from "./cli/testing/mod.ts";
import { modulePrefix } from "./core/database.ts";
import type { FederationClient } from "./mod.ts";
import { openClient } from "./mod.ts";
import type { ClientWorld } from "./testing/world.ts";

const UNKNOWN = "ab".repeat(32) as OperationId;
const ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

type Call = (wallet: FederationClient, signal: AbortSignal) => Promise<unknown>;

async function drained(sequence: AsyncIterable<unknown>): Promise<string> {
  for await (const _ of sequence);
  return "ended";
}

/** Waits for guardians, or for what never happens. */
const WAITING: Readonly<Record<string, Call>> = {
  depositAddress: (wallet, signal) => wallet.depositAddress({ signal }),
  bitcoinFees: (wallet, signal) => wallet.bitcoinFees(signal),
  maxPayable: (wallet, signal) => wallet.maxPayable(1n, signal),
  quoteDeposit: (wallet, signal) => wallet.quoteDeposit(20_000n, signal),
  meta: (wallet, signal) => wallet.meta(signal),
  preview: (wallet, signal) => wallet.preview(wallet.inviteCode(), signal),
  quoteWithdraw: (wallet, signal) => wallet.quoteWithdraw(ADDRESS, 20_000n, { signal }),
  bitcoinQueue: (wallet, signal) => wallet.bitcoinQueue(signal),
  retryDeposits: (wallet, signal) => wallet.retryDeposits(signal),
  withdraw: (wallet, signal) => wallet.withdraw(ADDRESS, 20_000n, { signal }),
  "withdraw all": (wallet, signal) => wallet.withdraw(ADDRESS, "all", { signal }),
  spend: (wallet, signal) => wallet.spend(1_024n, { signal }),
  "client.refreshVersions": ({ client }, signal) => client.refreshVersions(signal),
  "mintv2 send": (wallet, signal) => wallet.use(mintv2Client).send(1_024n, {}, signal),
  "walletv2 receive": (wallet, signal) => wallet.use(walletv2Client).receive(signal),
  "walletv2 awaitReceive": (wallet, signal) => wallet.use(walletv2Client).awaitReceive(0, signal),
  "walletv2 send": (wallet, signal) => wallet.use(walletv2Client).send(ADDRESS, 20_000n, {}, signal),
  "walletv2 maxPayable": (wallet, signal) => wallet.use(walletv2Client).maxPayable(1n, signal),
  "walletv2 sendFee": (wallet, signal) => wallet.use(walletv2Client).federation.sendFee(signal),
  "walletv2 blockCount": (wallet, signal) => wallet.use(walletv2Client).federation.blockCount(signal),
  "walletv2 chain": (wallet, signal) => wallet.use(walletv2Client).federation.chain(signal),
  "meta get": (wallet, signal) => wallet.use(metaClient).get(0, signal),
  "meta revision": (wallet, signal) => wallet.use(metaClient).revision(0, signal),
};

/** Live sequences end. */
const ENDING: Readonly<Record<string, Call>> = {
  subscribeBalance: (wallet, signal) => drained(wallet.subscribeBalance(signal)),
  deposits: (wallet, signal) => drained(wallet.deposits(0, signal)),
  events: (wallet, signal) => drained(wallet.events(0, signal)),
  subscribeConnections: (wallet, signal) => drained(wallet.subscribeConnections(signal)),
};

/** Asked about an operation that this client never had. */
const OF_UNKNOWN: Readonly<Record<string, Call>> = {
  awaitReceive: (wallet) => wallet.awaitReceive(UNKNOWN),
  awaitNotes: (wallet) => wallet.awaitNotes(UNKNOWN),
  "operation result": (wallet) => wallet.operation(UNKNOWN).result(),
  "operation progress": (wallet) => drained(wallet.operation(UNKNOWN).progress()),
  awaitWithdraw: (wallet) => wallet.awaitWithdraw(UNKNOWN),
  "client.awaitOperation": ({ client }) => client.awaitOperation(UNKNOWN),
  "mintv2 awaitReceive": (wallet) => wallet.use(mintv2Client).awaitReceive(UNKNOWN),
  "walletv2 awaitSend": (wallet) => wallet.use(walletv2Client).awaitSend(UNKNOWN),
};

type Setting = { readonly world: ClientWorld; readonly wallet: FederationClient };

/** Joined, then all guardians fall silent. */
async function silenced(): Promise<Setting> {
  let silent = false;
  const world = await recordedFederation((asked, recorded) => silent ? new Promise(() => {}) : recorded(asked));
  const store = await world.finish(world.openStore());
  const wallet = await world.finish(openClient({ platform: world.platform, store, modules: quietModules }));
  await world.finish(wallet.join(recordedInvite()));
  // what is spent is another amount: it takes an exchange
  const note = { denomination: 20, keypair: world.platform.dice.bytes(32), signature: bls.g1.generator };
  const notes = wallet.client.options.store.view(modulePrefix(wallet.client.primary().instance));
  await notes.transact((tx) => addNotes(tx, [note]));
  silent = true;
  return { world, wallet };
}

/** The error's code, or what there was instead. */
function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then((value) => value, (thrown) => thrown instanceof FedimintError ? thrown.code : String(thrown));
}

Deno.test("every call that waits ends as soon as its caller gives up", async (test) => {
  const { world, wallet } = await silenced();
  for (const [name, call] of [...Object.entries(WAITING), ...Object.entries(ENDING)]) {
    await test.step(name, async () => {
      const patience = new AbortController();
      let settled = false;
      const outcome = codeOf(call(wallet, patience.signal).finally(() => settled = true));
      await world.world.run({ forMs: 5_000 });
      assertEquals(settled, false, "it waits");
      patience.abort(new Error("no patience"));
      const begunMs = world.world.nowMs;
      assertEquals(await world.finish(outcome), name in ENDING ? "ended" : "aborted");
      assertEquals(world.world.nowMs - begunMs < 100, true);
      // one that is given up before it begins doesn't begin
      assertEquals(await world.finish(codeOf(call(wallet, patience.signal))), name in ENDING ? "ended" : "aborted");
    });
  }
  await world.finish(wallet.close());
});

Deno.test("every call that waits is told when the client is closed, and later calls don't hang", async () => {
  const { world, wallet } = await silenced();
  const never = new AbortController().signal;
  const calls = [...Object.entries(WAITING), ...Object.entries(ENDING)];
  const outcomes = calls.map(async ([name, call]) => [name, await codeOf(call(wallet, never))]);
  await world.world.run({ forMs: 5_000 });
  await world.finish(wallet.close());
  const expected = calls.map(([name]) => [name, name in ENDING ? "ended" : "closed"]);
  assertEquals(await world.finish(Promise.all(outcomes)), expected);
  for (const [name, call] of [...calls, ...Object.entries(OF_UNKNOWN)]) {
    const code = await world.finish(codeOf(Promise.resolve().then(() => call(wallet, never))));
    assertEquals([name, code === "ended" || code === "closed"], [name, true], String(code));
  }
});

Deno.test("waiting for an operation that this client doesn't have is refused", async () => {
  const { world, wallet } = await silenced();
  for (const [name, call] of Object.entries(OF_UNKNOWN)) {
    const code = await world.finish(codeOf(call(wallet, new AbortController().signal)));
    assertEquals([name, code], [name, "unknown_operation"]);
  }
  await world.finish(wallet.close());
});

Deno.test("joining can be given up and closed at any point, with guardians that fall silent at any call; nothing is half joined", async () => {
  for (const how of ["aborted", "closed"] as const) {
    for (const silentFrom of ["client_config", "version", "api_announcements", "chain_id"]) {
      for (const answered of [0, 1]) {
        let asked = 0;
        const world = await recordedFederation((call, recorded) => {
          const first = call.method === silentFrom && asked++ < answered;
          return call.method === silentFrom && !first ? new Promise(() => {}) : recorded(call);
        });
        const store = await world.finish(world.openStore());
        const wallet = await world.finish(openClient({ platform: world.platform, store, modules: quietModules }));
        const patience = new AbortController();
        const outcome = codeOf(wallet.join(recordedInvite(), patience.signal).then(() => "joined"));
        await world.world.run({ forMs: 2_000 });
        const begunMs = world.world.nowMs;
        if (how === "aborted") patience.abort();
        else void wallet.close();
        const ended = await world.finish(outcome);
        assertEquals(world.world.nowMs - begunMs < 500, true, `${silentFrom} ${answered}`);
        // what is stored before the last, optional questions makes it joined
        const isLate = silentFrom === "api_announcements" || silentFrom === "chain_id";
        assertEquals(ended, isLate ? "joined" : how, `${silentFrom} ${answered}`);
        if (how === "aborted") {
          assertEquals(wallet.isJoined, isLate);
          await world.finish(wallet.close());
        }
      }
    }
  }
});
