/**
 * A wallet restored from its words while one guardian of four answers whatever it likes to whatever it is asked, the
 * first of all: the money is the same, and can be spent.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { sleep } from "../../actors/platform/platform.ts";
import { Keepers } from "../../client/backup/testing/keepers.ts";
import { quietModules } from "../../client/cli/testing/mod.ts";
import { Client } from "../../client/core/client.ts";
import { FederationClient } from "../../client/mod.ts";
import { damaged, garbage } from "../../client/testing/garbage.ts";
import type { Asked } from "../../client/testing/world.ts";
import { ClientWorld, Refusal } from "../../client/testing/world.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import type { Lie } from "./federation.ts";
import { MintFederation } from "./federation.ts";

const HONEST_MS = 10;
/** Not the one of the invite code: who joins has nobody else to ask. */
const EVIL = 2;

/** What the evil guardian does. @param truth what an honest one would answer */
type Evil = (asked: Asked, truth: () => Promise<Json>) => Json | Promise<Json>;

const world = new ClientWorld(5), keepers = new Keepers();
const federation = await MintFederation.start(world), invite = formatInviteCode(federation.toy.invite);
const honest: Lie = async (asked, truth) => await keepers.script(truth)(asked);
federation.lie = honest;

async function open(path: string): Promise<FederationClient> {
  const store = await world.finish(world.openStore(path));
  const options = { platform: world.platform, store, modules: quietModules, log: () => {} };
  return new FederationClient(await world.finish(Client.open(options)));
}

async function receive(wallet: FederationClient, text: string): Promise<void> {
  const { operationId } = await world.finish(wallet.receive(text));
  assertEquals(await world.finish(wallet.awaitReceive(operationId)), { ok: true, value: null });
}

/** A wallet that had money, spent of it, and handed some out that nobody has redeemed; it is not used any more. */
async function lostWallet(): Promise<{ readonly words: string; readonly msat: bigint }> {
  const [old, other] = [await open("old"), await open("other")];
  for (const wallet of [old, other]) await world.finish(wallet.join(invite));
  await receive(old, federation.text(await federation.note(20), await federation.note(16)));
  await receive(other, (await world.finish(old.spend(200_000n))).ecash);
  const handedOut = await world.finish(old.spend(50_000n));
  await world.finish(old.backup({ metadata: { place: "here" } }));
  const lost = { words: await old.words(), msat: await old.getBalance() + handedOut.amountMsat };
  for (const wallet of [old, other]) await world.finish(wallet.close());
  return lost;
}

const lost = await lostWallet();
let wallets = 0;

async function restoreAmong(evil: Evil): Promise<void> {
  let lies = 0;
  federation.lie = async (asked, truth) => {
    const honestly = () => Promise.resolve(keepers.script(truth)(asked));
    if (asked.peer === EVIL) {
      lies++;
      return await evil(asked, honestly);
    }
    // the evil one is always the first
    await sleep(world.platform.clock, HONEST_MS);
    return await honestly();
  };
  const wallet = await open(`restored ${wallets++}`);
  await world.finish(wallet.restore(invite, { words: lost.words }));
  await world.finish(wallet.awaitRecoveries());
  await world.finish(wallet.client.awaitIdle());
  assertEquals(await wallet.getBalance(), lost.msat);
  assertEquals((await wallet.backupMetadata())?.json, { place: "here" });
  assert(lies > 0, "the evil guardian was asked");
  federation.lie = honest;
  await world.finish(wallet.close());
}

const sampled = <T>(arbitrary: fc.Arbitrary<T>, seed: number): T => fc.sample(arbitrary, { seed, numRuns: 1 })[0]!;

/** Each time it is asked another one. */
function inTurn(...evils: readonly Evil[]): Evil {
  let turn = 0;
  return (asked, truth) => evils[turn++ % evils.length]!(asked, truth);
}

const only = (method: RegExp, evil: Evil): Evil => (asked, truth) =>
  method.test(asked.method) ? evil(asked, truth) : truth();

let seed = 1;
const evils: Readonly<Record<string, Evil>> = {
  "any JSON at all": () => sampled(garbage, seed++),
  "the truth with one place damaged": async (_asked, truth) => sampled(damaged(await truth()), seed++),
  "nothing": () => new Promise<never>(() => {}),
  "errors": () => Promise.reject(new Refusal(500, "no")),
  "that there is no money": inTurn(
    only(/recovery_count$/, () => 0),
    only(/recovery_(slice|signature_shares)$/, () => []),
  ),
  "that the log is longer than it is": only(
    /recovery_count$/,
    async (_asked, truth) => Number(await truth()) + 1_000_000,
  ),
  "slices with an item more, with one less, and in another order": only(
    /recovery_slice$/,
    inTurn(
      async (_asked, truth) => [...await truth() as Json[], ...await truth() as Json[]],
      async (_asked, truth) => (await truth() as Json[]).slice(1),
      async (_asked, truth) => (await truth() as Json[]).toReversed(),
    ),
  ),
};

for (const [what, evil] of Object.entries(evils)) {
  Deno.test(`a wallet comes back from its words while a guardian answers ${what}`, () => restoreAmong(evil));
}

Deno.test("what came back among evil guardians can be spent, and only once", async () => {
  const [one, twin, other] = [await open("restored 0"), await open("restored 1"), await open("other")];
  await receive(other, (await world.finish(one.spend(lost.msat))).ecash);
  assertEquals(await one.getBalance(), 0n);
  const { operationId } = await world.finish(other.receive((await world.finish(twin.spend(100_000n))).ecash));
  assertEquals((await world.finish(other.awaitReceive(operationId))).ok, false);
  for (const wallet of [one, twin, other]) await world.finish(wallet.close());
});
