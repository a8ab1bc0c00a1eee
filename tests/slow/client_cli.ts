/** The commands for people, from the first address to the withdrawal, with real guardians in a simulated world. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import type { CliWorld, RunOptions } from "../../client/cli/testing/mod.ts";
import { runInWorld } from "../../client/cli/testing/mod.ts";
import { builtInModules } from "../../client/modules.ts";
import { SimulatedFederation } from "../simulation/federation.ts";

const DEPOSIT_BTC = 0.002;
/** Deep enough for guardians to agree on a block. */
const BLOCKS_TO_AGREE = 12;
const TERMINAL = { columns: 100, rows: 50 };

/** A person's machine: their wallet's disk outlives the commands. */
function machine(federation: SimulatedFederation, name: string): CliWorld {
  const { platform } = federation.world.process(name);
  const { clock } = platform;
  let disk = new MemoryBackend({ clock });
  return {
    platform,
    openStore: () => {
      disk = disk.crash({ clock });
      return openMemoryStore({ clock, backend: disk });
    },
    finish: (promise) => federation.finish(promise),
  };
}

Deno.test("people deposit, spend, receive and withdraw on the command line", async () => {
  const federation = await SimulatedFederation.start({ seed: 1, total: 1 });
  const [alice, bob] = [machine(federation, "alice"), machine(federation, "bob")];
  const run = (world: CliWorld, args: string[], options: Partial<RunOptions> = {}) =>
    runInWorld(world, ["--data-dir", "/wallet", ...args], {
      modules: builtInModules,
      env: { FM_IN_DEVIMINT: "1" },
      ...options,
    });
  for (const who of [alice, bob]) assertEquals((await run(who, ["join", federation.invite])).exit, 0);

  const shown = await run(alice, ["deposit", "--no-wait"], { terminal: TERMINAL });
  assertEquals(shown.exit, 0);
  const address = shown.out.trim().split("\n").at(-1)!;
  assertMatch(address, /^bcrt1q[a-z0-9]{58}$/);
  assertStringIncludes(shown.out, "█", "a QR code");

  await federation.bitcoin("sendtoaddress", address, DEPOSIT_BTC);
  await federation.mine(BLOCKS_TO_AGREE);
  const deposited = await run(alice, ["deposit"], { terminal: TERMINAL });
  assertEquals(deposited.exit, 0);
  assertStringIncludes(deposited.err, "200,000 sat (200,000,000 msat) arrived");
  assertMatch(deposited.out, /\nReceived\. Balance: 199,[0-9.]+ sat \(199,[0-9,]+ msat\)\n$/);

  // into a pipe: the e-cash alone
  const spent = await run(alice, ["spend", "100 sat"]);
  assertEquals(spent.exit, 0);
  assertMatch(spent.out, /^fedimint[0-9a-v]+\n$/);
  assertStringIncludes(spent.err, "E-cash of 100.352 sat (100,352 msat)");
  const received = await run(bob, ["receive", spent.out.trim()]);
  assertEquals(received.exit, 0);
  assertMatch(received.out, /^Received 9[0-9.]+ sat \(9[0-9,]+ msat\) after fees\.\n/);
  const twice = await run(bob, ["receive", spent.out.trim()]);
  assertEquals([twice.exit, twice.out], [1, ""]);
  assertStringIncludes(twice.err, "already received");

  // on a terminal: with its QR code; taken back by the one who made it
  const seen = await run(alice, ["spend", "2 sat"], { terminal: TERMINAL });
  assertStringIncludes(seen.out, "█");
  const text = seen.out.trim().split("\n").at(-1)!;
  const back = await run(alice, ["receive", text]);
  assertEquals(back.exit, 0, back.err);

  const destination = await federation.bitcoin("getnewaddress") as string;
  const refused = await run(alice, ["withdraw", destination, "20000 sat"], { answer: "n" });
  assertEquals([refused.exit, refused.out], [1, ""]);
  const wrong = await run(alice, ["withdraw", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "20000 sat", "--yes"]);
  assertEquals(wrong.exit, 1);
  assertStringIncludes(wrong.err, "different network");
  assert(!wrong.err.includes("fee"), "an address of another network is refused before anything is told of it");
  const paid = await run(alice, ["withdraw", destination, "20000 sat"], { answer: "y" });
  assertEquals(paid.exit, 0, paid.err);
  assertStringIncludes(paid.err, "On-chain fee: 166 sat");
  assertStringIncludes(paid.err, "It is paid once a block holds it.");
  const again = await run(alice, ["withdraw", destination, "10000 sat"], { answer: "n" });
  assertStringIncludes(again.err, "1 transaction of the federation waits for a block.");
  assertEquals(
    (await run(alice, ["deposits", "--retry"])).out,
    "No Bitcoin is on its way in that the federation has seen.\n",
  );
  const txid = /^Bitcoin transaction ([0-9a-f]{64})\n/.exec(paid.out)?.[1];
  assert(txid);
  // guardians hand their transactions to the Bitcoin node every minute
  await federation.world.run({ forMs: 70_000 });
  const pool = await federation.bitcoin("getrawmempool") as readonly string[];
  assert(pool.includes(txid), "the federation broadcast it");

  const tooMuch = await run(alice, ["spend", "21000000 btc"]);
  assertEquals(tooMuch.exit, 1);
  assertStringIncludes(tooMuch.err, "`deposit` adds to it");
});
