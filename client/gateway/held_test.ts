/** Held payments: whose they are, what is asked for them, and that none is given back that may have been funded. */
import { sha256 } from "@noble/hashes/sha2.js";
import { assertEquals } from "@std/assert";
import { loggerFor } from "../../actors/logger.ts";
import { openMemoryStore } from "../../actors/store/memory.ts";
import { ManualClock, settle } from "../../actors/testing/manual_clock.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import type { HeldForContract } from "../../modules/lnv2/gateway/completing.ts";
import type { RelayRefusal } from "../../modules/lnv2/gateway/error.ts";
import { incomingOf, PREIMAGE, testLightning } from "../../modules/lnv2/testing/guardians.ts";
import type { Federations } from "./federations.ts";
import type { Seen } from "./held.ts";
import { HeldPayments } from "./held.ts";
import type { LightningNode } from "./node/node.ts";
import { SimulatedLightning } from "./node/simulated/lightning.ts";
import { register } from "./records.ts";

const HASH = sha256(PREIMAGE) as Bytes;
const AMOUNT_MSAT = 101_000n;

async function holding() {
  const clock = new ManualClock(), dice = seededDice(1), store = await openMemoryStore({ clock });
  const lightning = new SimulatedLightning({ clock, dice }), cancelled: string[] = [], relays: HeldForContract[] = [];
  const served = {
    receiveEnabled: true,
    isFunded: false,
    isThere: true,
  };
  const node: LightningNode = {
    ...lightning.node("gateway").connect(),
    cancel: (hash) => {
      cancelled.push(toHex(hash));
      return Promise.resolve(ok(null));
    },
  };
  const contract = incomingOf(await testLightning());
  const { durable } = await store.transact((tx) =>
    register(tx, toHex(HASH), {
      federationId: "bb".repeat(32),
      amountMsat: AMOUNT_MSAT,
      invoiceExpiresAtSecs: 9,
      contract,
    })
  );
  await durable;
  const answers: (() => Promise<Result<null, RelayRefusal>>)[] = [];
  const module = {
    isFunded: () => Promise.resolve(served.isFunded),
    relayHeld: (held: HeldForContract) => {
      relays.push(held);
      return (answers.shift() ?? (() => Promise.resolve(ok(null))))();
    },
  };
  const federations = {
    awaitModule: () => Promise.resolve(served.isThere ? module : null),
    using: (_: string, work: () => Promise<unknown>) => work(),
    record: () => Promise.resolve({ receiveEnabled: served.receiveEnabled }),
  } as unknown as Federations;
  const log = loggerFor("test", () => {}), closing = new AbortController();
  const held = new HeldPayments({ store, node, federations, clock, dice, log, closing: closing.signal });
  const see = (
    changes: { readonly amountMsat?: bigint; readonly claimDeadlineHeight?: number; readonly hash?: Bytes } = {},
  ) => {
    const { amountMsat = AMOUNT_MSAT, claimDeadlineHeight = lightning.height + 50, hash = HASH } = changes;
    return held.seen({ paymentHash: hash, amountMsat, claimDeadlineHeight });
  };
  const until = async (seen: Promise<Seen>): Promise<Seen> => {
    let outcome: Seen | undefined;
    seen.then((value) => outcome = value);
    for (let step = 0; step < 100 && outcome === undefined; step++) {
      await settle();
      await clock.advance(500);
    }
    return await seen;
  };
  return { see, until, served, cancelled, relays, answers, lightning, held, clock };
}

Deno.test("payments of the node's own, and those of another amount than was asked for, are left alone", async () => {
  const { see, until, cancelled, relays } = await holding();
  assertEquals(await until(see({ hash: new Uint8Array(32) })), "not_ours");
  for (const amountMsat of [AMOUNT_MSAT - 1n, AMOUNT_MSAT + 1n, 0n]) {
    assertEquals(await until(see({ amountMsat })), "wrong_amount");
  }
  assertEquals([cancelled.length, relays.length], [0, 0]);
});

Deno.test("a payment is relayed once however often it is told, with its deadline", async () => {
  const { see, until, relays, lightning } = await holding();
  const [one, two] = [see(), see()];
  assertEquals([await until(one), await until(two)], ["relayed", "relayed"]);
  const deadlines = () => relays.map(({ claimDeadlineHeight }) => claimDeadlineHeight);
  assertEquals(deadlines(), [lightning.height + 50]);
  // one without the invoice's secret, which must not be settled
  await until(see({ claimDeadlineHeight: 0 }));
  assertEquals(deadlines(), [lightning.height + 50, 0]);
});

Deno.test("what isn't funded for good goes back; what isn't known is asked again and never goes back", async () => {
  const { see, until, answers, cancelled, relays } = await holding();
  answers.push(() => Promise.resolve(err("federation_unreachable")));
  assertEquals(await until(see()), "cancelled");
  assertEquals(cancelled, [toHex(HASH)]);
  answers.push(
    () => Promise.reject(new Error("the module was started anew")),
    () => Promise.reject(new Error("and again")),
  );
  assertEquals(await until(see()), "relayed");
  assertEquals([cancelled.length, relays.length], [1, 4]);
});

Deno.test("with receiving off a payment goes back, unless its contract was funded before", async () => {
  const { see, until, served, cancelled } = await holding();
  served.receiveEnabled = false;
  assertEquals(await until(see()), "cancelled");
  served.isFunded = true;
  assertEquals(await until(see()), "relayed");
  assertEquals(cancelled.length, 1);
});

Deno.test("a gateway that drains, and one that left the federation, leave new payments to the node", async () => {
  const { see, until, served, held, cancelled, relays } = await holding();
  served.isThere = false;
  assertEquals(await until(see()), "left");
  held.drain();
  assertEquals(await until(see()), "left");
  assertEquals([cancelled.length, relays.length], [0, 0]);
});
