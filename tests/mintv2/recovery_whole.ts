/**
 * Wallets of e-cash that come back from their words, at real guardians of the module: notes handed out, money that
 * comes and goes meanwhile, and the old wallet still alive on another device.
 */
import { assert, assertEquals } from "@std/assert";
import { FederationClient } from "../../client/mod.ts";
import { quietModules } from "../../client/cli/testing/mod.ts";
import { Client } from "../../client/core/client.ts";
import { ClientWorld } from "../../client/testing/world.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import { MintFederation } from "./federation.ts";

const world = new ClientWorld(17);
const started = MintFederation.start(world);

async function receive(wallet: FederationClient, text: string): Promise<boolean> {
  const { operationId } = await world.finish(wallet.receive(text));
  const outcome = await world.finish(wallet.awaitReceive(operationId));
  await world.finish(wallet.awaitNotes(operationId));
  return outcome.ok;
}

async function opened(path: string): Promise<FederationClient> {
  const store = await world.finish(world.openStore(path));
  return new FederationClient(
    await world.finish(Client.open({ platform: world.platform, store, modules: quietModules, log: () => {} })),
  );
}

/** A wallet from another one's words, its recovery under way. */
async function restoring(federation: MintFederation, words: string, path: string): Promise<FederationClient> {
  const wallet = await opened(path);
  await world.finish(wallet.restore(formatInviteCode(federation.toy.invite), { words }));
  return wallet;
}

async function restored(federation: MintFederation, words: string, path: string): Promise<FederationClient> {
  const wallet = await restoring(federation, words, path);
  await world.finish(wallet.awaitRecoveries());
  await world.finish(wallet.client.awaitIdle());
  return wallet;
}

async function withMoney(federation: MintFederation, path: string): Promise<FederationClient> {
  const wallet = await federation.wallet(world, path);
  const notes = await Promise.all([13, 11].map((denomination) => federation.note(denomination)));
  assert(await receive(wallet, federation.text(...notes)));
  return wallet;
}

Deno.test("words bring back what the wallet had, notes among it that it had handed out and nobody redeemed", async () => {
  const federation = await started;
  const old = await withMoney(federation, "old");
  const shop = await federation.wallet(world, "shop");
  const paid = await world.finish(old.spend(512n * 7n));
  assert(await receive(shop, paid.ecash));
  const handedOut = await world.finish(old.spend(512n * 3n));
  const heldMsat = await old.getBalance(), words = await old.client.words();
  await world.finish(old.close());

  const again = await restored(federation, words, "again");
  assertEquals(await again.getBalance(), heldMsat + handedOut.amountMsat);
  assertEquals(await again.getPending(), { incomingMsat: 0n, outgoingMsat: 0n, inDoubtMsat: 0n });
  const [mint] = await again.recoveries();
  assert(mint?.status === "done");
  assertEquals(mint.amountMsat, heldMsat + handedOut.amountMsat);
  // all of it is good, but only once
  const all = await world.finish(again.spend(await again.getBalance()));
  assert(await receive(shop, all.ecash));
  assertEquals(await receive(shop, handedOut.ecash), false);
  assertEquals(await shop.getBalance(), paid.amountMsat + heldMsat + handedOut.amountMsat);
  for (const wallet of [again, shop]) await world.finish(wallet.close());
});

Deno.test("while it recovers a wallet receives and pays with new money, and what it issued then is not recovered", async () => {
  const federation = await started;
  const old = await withMoney(federation, "busy");
  const heldMsat = await old.getBalance(), words = await old.client.words();
  await world.finish(old.close());
  // no slice comes for now
  const held = Promise.withResolvers<void>();
  federation.lie = ({ method }, truth) => method.endsWith("_recovery_slice") ? held.promise.then(truth) : undefined;
  const again = await restoring(federation, words, "busy again");
  const shop = await federation.wallet(world, "shop of the busy");
  assertEquals(await again.getBalance(), 0n);
  assert(await receive(again, federation.text(await federation.note(12), await federation.note(10))));
  const newMsat = await again.getBalance();
  assertEquals(newMsat, 2n ** 12n + 2n ** 10n);
  const paid = await world.finish(again.spend(512n * 3n));
  assert(await receive(shop, paid.ecash));
  assert(await again.hasPendingRecoveries());
  federation.lie = () => undefined;
  held.resolve();
  await world.finish(again.awaitRecoveries());
  await world.finish(again.client.awaitIdle());
  assertEquals(await again.getBalance(), heldMsat + newMsat - paid.amountMsat);
  for (const wallet of [again, shop]) await world.finish(wallet.close());
});

Deno.test("with the old wallet alive, both spend: a note pays once, and nothing is lost but what the other spent", async () => {
  const federation = await started;
  const old = await withMoney(federation, "alive");
  const sumMsat = await old.getBalance();
  const again = await restored(federation, await old.client.words(), "alive twice");
  assertEquals(await again.getBalance(), sumMsat);
  // the old one pays, and exchanges some of what it has left
  const shop = await federation.wallet(world, "shop of both");
  const paid = await world.finish(old.spend(512n * 7n));
  assert(await receive(shop, paid.ecash));
  const own = await world.finish(old.spend(512n * 3n));
  assert(await receive(old, own.ecash));
  const goneMsat = paid.amountMsat + own.amountMsat;
  // the restored one exchanges all: guardians refuse what the other spent, the rest comes back
  assertEquals(await receive(again, (await world.finish(again.spend(sumMsat))).ecash), false);
  assertEquals(await again.getBalance(), sumMsat - goneMsat);
  assertEquals(await again.getPending(), { incomingMsat: 0n, outgoingMsat: 0n, inDoubtMsat: goneMsat });
  // of the old one now all but its new notes is spent
  assertEquals(await receive(old, (await world.finish(old.spend(await old.getBalance()))).ecash), false);
  assertEquals(await old.getBalance(), own.amountMsat);
  assertEquals(await shop.getBalance() + await old.getBalance() + await again.getBalance(), sumMsat);
  for (const wallet of [old, again, shop]) await world.finish(wallet.close());
});

Deno.test("a payment that was under way when the log's length was fixed: some minutes later all is there, and good", async () => {
  const federation = await started;
  const old = await withMoney(federation, "paying");
  const sumMsat = await old.getBalance(), words = await old.client.words();
  // guardians have the transaction, and decide on it only when the wallet is restored already
  const decided = Promise.withResolvers<void>();
  federation.lie = ({ method }, truth) => method === "submit_transaction" ? decided.promise.then(truth) : undefined;
  const own = await world.finish(old.spend(512n * 7n));
  await world.finish(old.receive(own.ecash));
  await world.world.run({ forMs: 5_000 });
  const again = await restored(federation, words, "paid meanwhile");
  await world.finish(old.close());
  decided.resolve();
  federation.lie = () => undefined;
  // new money of its own comes meanwhile
  assert(await receive(again, federation.text(await federation.note(12))));
  const newMsat = 2n ** 12n;
  await world.world.run({ forMs: 4 * 60_000 });
  await world.finish(again.client.awaitIdle());
  assertEquals(await again.getBalance(), sumMsat + newMsat);
  const [mint] = await again.recoveries();
  assert(mint?.status === "done");
  assertEquals(mint.amountMsat, sumMsat);
  const shop = await federation.wallet(world, "shop of the paid");
  assert(await receive(shop, (await world.finish(again.spend(sumMsat + newMsat))).ecash));
  await world.world.run({ forMs: 25 * 3_600_000 });
  assertEquals(await again.getBalance(), 0n);
  assertEquals(await again.getPending(), { incomingMsat: 0n, outgoingMsat: 0n, inDoubtMsat: 0n });
  for (const wallet of [again, shop]) await world.finish(wallet.close());
});

/** When somebody takes the text that the lost wallet had handed out: `lie` holds up what comes later. */
const MOMENTS: readonly { readonly when: string; readonly method: RegExp | null }[] = [
  { when: "before its notes are found", method: /_recovery_slice$/ },
  { when: "before its notes are signed again", method: /_recovery_signature_shares$/ },
  { when: "after it came back", method: null },
];

for (const { when, method } of MOMENTS) {
  Deno.test(`a text that the lost wallet had handed out, and its owner takes ${when}, counts once`, async () => {
    const federation = await started;
    const old = await withMoney(federation, `gave ${when}`);
    const handedOut = await world.finish(old.spend(512n * 3n));
    const sumMsat = await old.getBalance() + handedOut.amountMsat, words = await old.client.words();
    await world.finish(old.close());
    const held = Promise.withResolvers<void>();
    federation.lie = (asked, truth) => method?.test(asked.method) ? held.promise.then(truth) : undefined;
    const again = await restoring(federation, words, `takes ${when}`);
    if (method === null) {
      await world.finish(again.awaitRecoveries());
      await world.finish(again.client.awaitIdle());
    }
    const { operationId } = await world.finish(again.receive(handedOut.ecash));
    const atOnceMsat = await again.getBalance() + (await again.getPending()).incomingMsat;
    assert(atOnceMsat <= sumMsat, `${atOnceMsat} msat are shown, ${sumMsat} there`);
    assert((await world.finish(again.awaitReceive(operationId))).ok);
    await world.finish(again.awaitNotes(operationId));
    federation.lie = () => undefined;
    held.resolve();
    await world.finish(again.awaitRecoveries());
    await world.finish(again.client.awaitIdle());
    assertEquals(await again.getBalance(), sumMsat);
    assertEquals(await again.getPending(), { incomingMsat: 0n, outgoingMsat: 0n, inDoubtMsat: 0n });
    // all of it is good
    const shop = await federation.wallet(world, `shop ${when}`);
    assert(await receive(shop, (await world.finish(again.spend(sumMsat))).ecash));
    for (const wallet of [again, shop]) await world.finish(wallet.close());
  });
}
