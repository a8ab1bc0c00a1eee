/** Recoveries that fail: told, of no harm to anything else, and tried again by the next opening. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { StoreError } from "../../actors/store/error.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { ClientError } from "../error.ts";
import { toyFederation } from "../testing/federation.ts";
import type { ToyProgress, ToyRecovery } from "../testing/recovering_toy.ts";
import { recoveringToy } from "../testing/recovering_toy.ts";
import { END, endOf, Restoring } from "../testing/restoring.ts";
import { TOY_KIND, toyModule } from "../testing/toy.ts";
import type { RecoveryStatus } from "./status.ts";

const OTHER_KIND = "other_toy";
const federation = toyFederation({ modules: new Map([[0, TOY_KIND], [1, OTHER_KIND]]) });

/** The toy that recovers, and another one at instance 1 whose recovery is changed. */
function bothToys(change: Partial<ToyRecovery>, runsMeanwhile = true): AnyClientModuleDefinition[] {
  const other = recoveringToy({ runsMeanwhile, change });
  return [recoveringToy({ runsMeanwhile: true }), { ...other, kind: OTHER_KIND, codecs: { ...other.codecs } }];
}

function fails(): never {
  throw new Error("the log is on fire");
}

/** Ways to fail; each is one of the recovery at instance 1. */
const FAILURES: { readonly [how: string]: Partial<ToyRecovery> } = {
  "its way through the log rejects": { run: () => Promise.reject(new Error("the log is on fire")) },
  "its way throws at once": { run: fails },
  "it takes itself for closed": { run: () => Promise.reject(WaitError.closed()) },
  "a step throws": { run: (_env, steps) => steps.step(fails) },
  "a step's progress can't be stored": {
    run: (_env, steps) => steps.step(() => Promise.resolve({ next: -1 } as unknown as ToyProgress)),
  },
  "its count is none": { count: () => ({ complete: 1, total: 2 ** 40 }) },
  "its end throws": { finish: fails },
  "what it brought can't be stored": { finish: () => Promise.resolve({ amountMsat: -1n, otherMsat: [] }) },
};

for (const [how, change] of Object.entries(FAILURES)) {
  // the count is asked for when the wallet is restored, too
  const later = how === "its count is none";

  Deno.test(`a recovery that fails, as ${how}, is told, leaves the others alone, and is tried again`, async () => {
    const at = await Restoring.started({ federation });
    const restoring = await at.open({ modules: bothToys(later ? { run: () => new Promise(() => {}) } : change) });
    await at.restore(restoring);
    if (later) await at.finish(restoring.close());
    const client = later ? await at.open({ modules: bothToys(change) }) : restoring;
    const error = await assertRejects(() => at.finish(client.awaitRecoveries()), ClientError);
    assertEquals(error.code, "recovery_failed");
    assertStringIncludes(error.message, "Recovery of module 1 failed: ");
    // it ends when none runs any more
    const statuses = (await at.finish(Array.fromAsync(client.recoveryProgress()))).at(-1)!;
    assertEquals(statuses.map(({ status }) => status), ["done", "failed"]);
    assertEquals(await at.finish(client.hasPendingRecoveries()), true);
    // the client goes on, with both modules
    assertEquals(await at.finish(client.balanceMsat()), END.balanceMsat);
    assertEquals(client.modules().map(({ active }) => active), [true, true]);
    await at.finish(client.close());
    const again = await at.open({ modules: bothToys({}) });
    assertEquals({ ...await at.finish(endOf(again)), events: [] }, { ...END, events: [] });
    assertEquals(await at.finish(again.hasPendingRecoveries()), false);
    await at.finish(again.close());
  });
}

Deno.test("a module that waits for its recovery says why it doesn't run when that failed, and runs when it is done", async () => {
  const at = await Restoring.started({ federation });
  const [toy, other] = bothToys({ finish: fails }, false);
  const client = await at.open({ modules: [toy!, other!] });
  await at.restore(client);
  await assertRejects(() => at.finish(client.awaitRecoveries()), ClientError);
  const error = assertThrows(() => client.use(other!), ClientError);
  assertEquals(error.code, "no_module");
  assertStringIncludes(error.message, "its recovery failed: the log is on fire. Open the wallet again");
  await at.finish(client.close());
  const again = await at.open({ modules: bothToys({}, false) });
  await at.finish(again.awaitRecoveries());
  assertEquals(again.modules().map(({ active }) => active), [true, true]);
  await at.finish(again.close());
});

Deno.test("a federation where one module can't be prepared isn't restored at all, and says why", async () => {
  const at = await Restoring.started({ federation });
  const client = await at.open({ modules: bothToys({ prepare: fails }) });
  await assertRejects(() => at.restore(client), Error, "the log is on fire");
  assertEquals(client.isJoined, false);
  await at.finish(client.close());
  const again = await at.open({ modules: bothToys({}) });
  await assertRejects(() => at.finish(again.restore(at.federation.invite)), ClientError, "Give the words");
  await at.restore(again);
  await at.finish(again.awaitRecoveries());
  await at.finish(again.close());
});

Deno.test("a recovery whose module this program doesn't have is pending, and no wait for it hangs", async () => {
  const at = await Restoring.started();
  const client = await at.open({ modules: [recoveringToy({ runsMeanwhile: true, change: { run: fails } })] });
  await at.restore(client);
  await at.finish(client.close());
  const without = await at.open({ modules: [] });
  const error = await assertRejects(() => at.finish(without.awaitRecoveries()), ClientError);
  assertStringIncludes(error.message, "this program can't run the module toy: open the wallet with one that can");
  assertEquals((await at.finish(without.recoveries())).map(({ status }) => status), ["failed"]);
  assertEquals(await at.finish(without.hasPendingRecoveries()), true);
  await at.finish(without.close());
  const again = await at.open();
  assertEquals(await at.finish(endOf(again)), END);
  await at.finish(again.close());
});

Deno.test("a database that fails while a wallet recovers ends the client with a sentence, and nothing is half", async () => {
  const at = await Restoring.started();
  // in the midst of the steps
  const client = await at.open({ failAtCommit: 12 });
  await at.restore(client);
  const failed = assertRejects(() => client.failed, Error);
  const error = await assertRejects(() => at.finish(client.awaitRecoveries()), StoreError);
  assertStringIncludes(error.message, "The database failed");
  await failed;
  await at.finish(client.close().catch(() => undefined));
  const again = await at.open();
  const [{ status, complete }] = await at.finish(again.recoveries()) as [RecoveryStatus];
  assert(status === "running" && complete < 8, `${status} ${complete}`);
  assertEquals(await at.finish(endOf(again)), END);
  await at.finish(again.close());
});

Deno.test("closing ends whoever waits for recoveries, and so does a signal", async () => {
  const at = await Restoring.started();
  at.log.silentFrom = 2;
  const client = await at.open();
  await at.restore(client);
  const mine = new AbortController();
  const given = assertRejects(() => client.awaitRecoveries(mine.signal), WaitError, "It was given up");
  const waits = assertRejects(() => client.awaitRecoveries(), WaitError, "The client was closed");
  const following = Array.fromAsync(client.recoveryProgress());
  await at.world.world.run({ forMs: 1_000 });
  mine.abort();
  await at.finish(given);
  await at.finish(client.close());
  await waits;
  assertEquals((await following).at(-1)!.map(({ status, complete }) => [status, complete]), [["running", 2]]);
});

Deno.test("what a failed recovery wrote in a step or at its end isn't there", async () => {
  const at = await Restoring.started();
  const honest = recoveringToy({ runsMeanwhile: true }).recovery!;
  const finish: ToyRecovery["finish"] = async (env, tx, progress, isLast) => {
    await honest.finish(env, tx, progress, isLast);
    fails();
  };
  const client = await at.open({ modules: [recoveringToy({ runsMeanwhile: true, change: { finish } })] });
  await at.restore(client);
  await assertRejects(() => at.finish(client.awaitRecoveries()), ClientError);
  assertEquals(await at.finish(client.use(toyModule).balance()), 0n);
  assertEquals(await at.finish(client.activeMachines()), 0);
  await at.finish(client.close());
  const again = await at.open();
  assertEquals(await at.finish(endOf(again)), END);
  await at.finish(again.close());
});
