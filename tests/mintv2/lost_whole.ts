/**
 * Wallets that are lost in the midst of a payment, and devices that have the same words at the same time: whatever was
 * stored and whatever guardians knew then, the words bring all of the money back, once.
 */
import { assert, assertEquals } from "@std/assert";
import type { Dice } from "../../actors/platform/platform.ts";
import { Keepers } from "../../client/backup/testing/keepers.ts";
import { quietModules } from "../../client/cli/testing/mod.ts";
import { Client } from "../../client/core/client.ts";
import { FederationClient } from "../../client/mod.ts";
import { ClientWorld } from "../../client/testing/world.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import { EcashError } from "../../modules/mintv2/client/error.ts";
import { MintFederation } from "./federation.ts";

const world = new ClientWorld(29);
const started = MintFederation.start(world);
let paths = 0;

/** The looks that follow a recovery have all been made but the last. */
const LOOKS_MS = 20 * 60_000;
/** Opening a wallet takes none. */
const FIRST_COMMIT = 1;
/** A payment that isn't done after so many is never done. */
const COMMITS_MAX = 50;
/** Of each of two devices, half of them before its recovery is done. */
const ACTS = 6;
const TAKEN_MSAT = 512n * 5n;
const STRANGERS_MSAT = 2n ** 12n;

async function opened(path: string, failAtCommit = Infinity): Promise<FederationClient> {
  const store = await world.finish(world.openStore(path, { failAtCommit }));
  const options = { platform: world.platform, store, modules: quietModules, log: () => {}, automaticBackup: false };
  return new FederationClient(await world.finish(Client.open(options)));
}

async function received(wallet: FederationClient, text: string): Promise<boolean> {
  const { operationId } = await wallet.receive(text);
  const { ok } = await wallet.awaitReceive(operationId);
  await wallet.awaitNotes(operationId);
  return ok;
}

async function textOf(federation: MintFederation, ...denominations: readonly number[]): Promise<string> {
  return federation.text(...await Promise.all(denominations.map((denomination) => federation.note(denomination))));
}

async function restoring(federation: MintFederation, words: string): Promise<FederationClient> {
  const wallet = await opened(`restored ${paths++}`);
  await world.finish(wallet.restore(formatInviteCode(federation.toy.invite), { words }));
  return wallet;
}

async function recovered(wallet: FederationClient): Promise<void> {
  await world.finish(wallet.awaitRecoveries());
  await world.finish(wallet.client.awaitIdle());
}

/** What a wallet was at when it was lost: what it takes, and `given` where it puts what it gives away. */
type Payment = (wallet: FederationClient, stranger: string, given: string[]) => Promise<unknown>;

const PAYMENTS: Readonly<Record<string, { readonly stride: number; readonly pay: Payment }>> = {
  "takes e-cash": { stride: 4, pay: (wallet, stranger) => received(wallet, stranger) },
  // what it gives it has made ready in few commits
  "gives e-cash away": {
    stride: 1,
    pay: async (wallet, _, given) => {
      given.push((await wallet.spend(TAKEN_MSAT)).ecash);
      await wallet.client.awaitIdle();
    },
  },
  "takes back its own": { stride: 4, pay: async (wallet) => received(wallet, (await wallet.spend(TAKEN_MSAT)).ecash) },
  "backs itself up in the midst of a payment": {
    stride: 4,
    pay: (wallet, stranger) => Promise.all([received(wallet, stranger), wallet.backup()]),
  },
};

/** @returns whether it wasn't cut off at all */
async function lostAt(pay: Payment, failAtCommit: number): Promise<boolean> {
  const federation = await started, path = `lost ${paths++}`, keepers = new Keepers();
  federation.lie = async (asked, truth) => await keepers.script(truth)(asked);
  const before = await federation.wallet(world, path);
  assert(await world.finish(received(before, await textOf(federation, 13, 11))));
  const words = await before.client.words(), ownMsat = await before.getBalance();
  await world.finish(before.close());
  const stranger = await textOf(federation, 12), given: string[] = [];
  const old = await opened(path, failAtCommit);
  const cut = await world.finish(pay(old, stranger, given).then(() => false, () => true));
  await world.finish(old.close().catch(() => undefined));

  const again = await restoring(federation, words);
  await recovered(again);
  const shop = await federation.wallet(world, `shop ${paths++}`);
  let sumMsat = ownMsat + STRANGERS_MSAT;
  for (const text of given) {
    assert(await world.finish(received(shop, text)));
    sumMsat -= TAKEN_MSAT;
  }
  // taken before the loss, or now
  await world.finish(received(again, stranger));
  await world.world.run({ forMs: LOOKS_MS });
  assertEquals(await again.getBalance(), sumMsat, `cut off at commit ${failAtCommit}`);
  // all of it is good
  assert(await world.finish(received(shop, (await world.finish(again.spend(sumMsat))).ecash)));
  for (const wallet of [again, shop]) await world.finish(wallet.close());
  return !cut;
}

for (const [i, [what, { stride, pay }]] of Object.entries(PAYMENTS).entries()) {
  Deno.test(`a wallet that is lost while it ${what} comes back whole, wherever that was cut off`, async () => {
    let losses = 0;
    // each payment begins at another one, so that the strides differ
    for (let commit = FIRST_COMMIT + i % stride; !await lostAt(pay, commit); commit += stride) {
      losses++;
      assert(commit < COMMITS_MAX, "it is done once");
    }
    assert(losses >= 1, `${losses} losses`);
  });
}

/** Both devices pick notes as they like: the other one may have handed the same ones over, or have spent them. */
const OTHERS_FIRST: readonly string[] = ["already_received", "insufficient_balance"];

/** What a device of two does next, at random. @returns msat that came from outside */
async function act(
  federation: MintFederation,
  wallet: FederationClient,
  shop: FederationClient,
  dice: Dice,
): Promise<bigint> {
  const choice = dice.below(3);
  if (choice === 0) {
    const denomination = 10 + dice.below(3);
    assert(await received(wallet, await textOf(federation, denomination)), "a stranger's note is good");
    return 2n ** BigInt(denomination);
  }
  try {
    const { ecash } = await wallet.spend(512n * BigInt(1 + dice.below(3)));
    await received(choice === 1 ? shop : wallet, ecash);
  } catch (thrown) {
    if (!(thrown instanceof EcashError && OTHERS_FIRST.includes(thrown.code))) throw thrown;
  }
  return 0n;
}

for (const seed of [1, 2]) {
  Deno.test(`two devices restore the same words at once, receive and pay: in the end both have the same, and it is true, seed ${seed}`, async () => {
    const federation = await started, dice = seededDice(seed);
    federation.lie = () => undefined;
    const lost = await federation.wallet(world, `lost ${paths++}`);
    assert(await world.finish(received(lost, await textOf(federation, 13, 12))));
    const words = await lost.client.words();
    let sumMsat = await lost.getBalance();
    await world.finish(lost.close());
    const shop = await federation.wallet(world, `shop ${paths++}`);
    const devices = [await restoring(federation, words), await restoring(federation, words)];
    await world.finish(Promise.all(devices.map(async (device) => {
      for (let acts = 0; acts < ACTS; acts++) {
        if (acts === ACTS / 2) await device.awaitRecoveries();
        const broughtMsat = await act(federation, device, shop, dice);
        sumMsat += broughtMsat;
      }
    })));
    // of a payment that had notes that were spent already the shop has kept what was good
    sumMsat -= await shop.getBalance();
    const third = await restoring(federation, words);
    await recovered(third);
    await world.world.run({ forMs: LOOKS_MS });
    for (const wallet of [third, ...devices]) {
      await world.finish(wallet.client.awaitIdle());
      const { incomingMsat, outgoingMsat } = await wallet.getPending();
      assertEquals([await wallet.getBalance(), incomingMsat, outgoingMsat], [sumMsat, 0n, 0n]);
    }
    assert(await world.finish(received(shop, (await world.finish(third.spend(sumMsat))).ecash)));
    for (const wallet of [...devices, third, shop]) await world.finish(wallet.close());
  });
}
