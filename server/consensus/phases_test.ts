/** From ordered units to a signed outcome, unit by unit. */
import { assert, assertEquals } from "@std/assert";
import type { PeerId } from "../../core/types/ids.ts";
import type { AcceptedItem } from "../../core/types/session.ts";
import { REFUSED_BYTES_PER_US } from "./limits.ts";
import { itemsIn, sessionHeader } from "./testing/db.ts";
import type { OrderedUnit } from "./session/outcome.ts";
import { itemsOf, keychains, outcomeRef, ROUNDS, sealedWith, SESSION, unitOf, withSession } from "./testing/outcome.ts";
import type { ConsensusTest } from "./testing/processing.ts";
import { refs } from "./testing/processing.ts";

async function order({ system, clock }: ConsensusTest, ...units: readonly OrderedUnit[]): Promise<void> {
  const life = await system.ask(outcomeRef, "life", null);
  system.tell(outcomeRef, "ordered", { life, units });
  await clock.advance(0);
}

function signatureOf(peer: PeerId, items: AcceptedItem[]): Uint8Array<ArrayBuffer> {
  return keychains[peer]!.sign(sessionHeader(SESSION, { items }));
}

function signing(creator: PeerId, items: AcceptedItem[], round = ROUNDS + 1): OrderedUnit {
  return { round, creator, data: { kind: "signature", signature: signatureOf(creator, items) } };
}

const END: OrderedUnit = { round: ROUNDS, creator: 3, data: null };

Deno.test("items of all units below the last round are taken in order, then the signatures of a threshold", async () => {
  const items = itemsOf(1n, 2n, 3n);
  await withSession(async (test, completed) => {
    await order(test, unitOf(0, 1n, 2n), unitOf(1, 2n), { round: 1, creator: 2, data: null }, unitOf(ROUNDS - 1, 3n));
    assertEquals(completed, []);
    await order(test, END, signing(2, items));
    assertEquals(completed, []);
    await order(test, signing(3, items), signing(1, items));
    assertEquals(completed.map(({ sealed }) => sealed), [sealedWith(items)]);
    const header = sessionHeader(SESSION, { items });
    const { signatures } = completed[0]!;
    assertEquals([...signatures.keys()].sort(), [0, 2, 3], "as many as a threshold, no more");
    for (const [peer, signature] of signatures) assert(keychains[0]!.verify(peer, header, signature));
  });
});

Deno.test("what a unit of the last round or of a later one carries is not looked at, but for signatures that follow", async () => {
  const items = itemsOf(1n);
  await withSession(async (test, completed) => {
    await order(test, unitOf(0, 1n), unitOf(ROUNDS, 2n), unitOf(ROUNDS - 1, 3n), unitOf(ROUNDS + 1, 4n));
    await order(test, signing(2, items), signing(3, items));
    assertEquals(completed.map(({ sealed }) => sealed), [sealedWith(items)]);
  });
});

Deno.test("a signature in a unit before the last round, or in the first unit beyond it, does not count", async () => {
  await withSession(async (test, completed) => {
    await order(test, signing(1, [], 3), signing(2, [], ROUNDS), signing(3, []));
    assertEquals(completed, []);
    await order(test, signing(2, []));
    assertEquals(completed.length, 1);
  });
});

Deno.test("a guardian's signature counts once, and one of another outcome never, which is an error in the log", async () => {
  const items = itemsOf(1n);
  await withSession(async (test, completed) => {
    await order(test, unitOf(0, 1n), END, signing(1, items), signing(1, items), signing(2, itemsOf(2n)));
    assertEquals(completed, []);
    const error = "error root/outcome: A peer signed another outcome of this session: guardians disagree";
    assertEquals(test.lines().filter((line) => !line.startsWith("info")), [error]);
    await order(test, signing(2, items));
    assertEquals(completed.length, 1);
  });
});

Deno.test("a batch that does not decode counts as empty, is warned of, and those after it are taken", async () => {
  const garbage = { kind: "batch", bytes: Uint8Array.of(255, 1, 2) } as const;
  await withSession(async (test) => {
    await order(test, unitOf(0, 1n), { round: 0, creator: 2, data: garbage }, unitOf(1, 2n), END);
    assertEquals(await test.store.read((tx) => itemsIn(tx, SESSION)), itemsOf(1n, 2n));
    const warning = test.log.find(({ level }) => level === "warn");
    assertEquals([warning?.message, warning?.facts.peer], ["A peer's batch does not decode and counts as empty", 2]);
    // guardian 2 is charged for it
    assertEquals(test.wasted.take(), [[2, garbage.bytes.length / REFUSED_BYTES_PER_US]]);
  });
});

Deno.test("our units carry our signature once all items are processed, not before", async () => {
  await withSession(async (test) => {
    const next = () => test.system.ask(refs.mempool, "nextUnitData", { session: SESSION, measured: false });
    await order(test, unitOf(0, 1n));
    assertEquals(await next(), null);
    await order(test, END);
    const data = await next();
    assert(data?.kind === "signature");
    assert(keychains[1]!.verify(0, sessionHeader(SESSION, { items: itemsOf(1n) }), data.signature));
  });
});

Deno.test("what was ordered for a life before is not taken", async () => {
  await withSession(async (test) => {
    const life = await test.system.ask(outcomeRef, "life", null);
    test.system.tell(outcomeRef, "ordered", { life: life + 1, units: [unitOf(0, 1n)] });
    await test.clock.advance(0);
    assertEquals(await test.store.read((tx) => itemsIn(tx, SESSION)), []);
  });
});
