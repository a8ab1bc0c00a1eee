/** What a contract was funded for is never failed before the contract's own end; what is nobody's goes on. */
import { assertEquals } from "@std/assert";
import { loggerFor } from "../../actors/logger.ts";
import { openMemoryStore } from "../../actors/store/memory.ts";
import { ManualClock, settle } from "../../actors/testing/manual_clock.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { Sha256 } from "../../core/types/ids.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import type { LnGatewayModule } from "../../modules/ln/gateway/api.ts";
import type { RelayRefusal } from "../../modules/ln/gateway/error.ts";
import type { Forward } from "../../modules/ln/gateway/relaying.ts";
import { GatewayError } from "./error.ts";
import type { Federations } from "./federations.ts";
import { Forwards } from "./forwards.ts";
import type { ForwardAnswer, InterceptedForward } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";
import { answerTo, keepAnswer, pruneAnswers } from "./records.ts";

const ID = "aa".repeat(32), CHANNEL = 7n;
const PREIMAGE: Bytes = new Uint8Array(32).fill(42);
const FORWARD: InterceptedForward = {
  paymentHash: new Uint8Array(32).fill(1),
  incomingAmountMsat: 101_000n,
  // what the sender says counts for nothing
  outgoingAmountMsat: 100_000_000n,
  incomingExpiryHeight: 600,
  outgoingChannel: CHANNEL,
  circuit: { channel: 1n, htlc: 2n },
};

async function listening() {
  const clock = new ManualClock(), store = await openMemoryStore({ clock });
  const relayed: Forward[] = [], bought = Promise.withResolvers<Bytes | null>(), answered: (Bytes | null)[] = [];
  const world = {
    isServed: true,
    isLeaving: false,
    hasModule: true,
    receiveEnabled: true,
    isRelayed: false,
    relay: (): Promise<Result<null, RelayRefusal>> => Promise.resolve(ok(null)),
  };
  const lnv1 = {
    isRelayed: () => Promise.resolve(world.isRelayed),
    relay: (forward: Forward) => {
      relayed.push(forward);
      return world.relay();
    },
    awaitRelayed: () => bought.promise,
    answered: (_: string, preimage: Bytes | null) => Promise.resolve(void answered.push(preimage)),
  } as unknown as LnGatewayModule;
  const federations = {
    ofIndex: (channel: bigint) => Promise.resolve(world.isServed && channel === CHANNEL ? ID : null),
    using: (_: string, work: () => Promise<unknown>) =>
      world.isLeaving ? Promise.reject(new GatewayError({ code: "not_connected" }, "it is being left")) : work(),
    awaitLnv1: () => Promise.resolve(world.hasModule ? lnv1 : null),
    record: () => Promise.resolve({ receiveEnabled: world.receiveEnabled }),
  } as unknown as Federations;
  const watch = { awaitSynced: () => Promise.resolve({ blockHeight: 500 }) } as unknown as NodeWatch;
  const closing = new AbortController(), lost = new AbortController();
  const forwards = new Forwards({
    store,
    watch,
    federations,
    clock,
    dice: seededDice(1),
    log: loggerFor("test", () => {}),
    closing: closing.signal,
  });
  const decided = (forward: Partial<InterceptedForward> = {}) => {
    const state: { answer: ForwardAnswer["tag"] | "given up" | null } = { answer: null };
    forwards.decide({ ...FORWARD, ...forward }, lost.signal).then(
      ({ tag }) => state.answer = tag,
      () => state.answer = "given up",
    );
    return state;
  };
  const passing = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await settle();
      await clock.advance(1_000);
    }
    await settle();
  };
  return { world, relayed, bought, answered, forwards, decided, passing, lost, closing };
}

Deno.test("a forward to a channel of nobody's goes on, and costs nothing", async () => {
  const { decided, relayed } = await listening(), state = decided({ outgoingChannel: 8n });
  await settle();
  assertEquals([state.answer, relayed.length], ["resume", 0]);
});

Deno.test("a forward to a federation waits for what it buys, and is settled with it; by what the HTLC holds alone", async () => {
  const { decided, relayed, bought, passing } = await listening(), state = decided();
  await passing(600_000);
  assertEquals(state.answer, null);
  const [{ heldMsat, expiryHeight, blockHeight, circuit }] = relayed as [Forward];
  assertEquals([heldMsat, expiryHeight, blockHeight], [101_000n, 600n, 500n]);
  assertEquals(circuit, { channel: 1n, htlc: 2n });
  bought.resolve(PREIMAGE);
  await settle();
  assertEquals(state.answer, "settle");
});

Deno.test("what nothing was funded for goes back, and so does what came to nothing", async () => {
  for (const why of ["refused", "off", "no module", "no preimage"] as const) {
    const { world, decided, bought, relayed } = await listening();
    if (why === "refused") world.relay = () => Promise.resolve(err("too_late"));
    if (why === "off") world.receiveEnabled = false;
    if (why === "no module") world.hasModule = false;
    const state = decided();
    if (why === "no preimage") bought.resolve(null);
    await settle();
    assertEquals([state.answer, relayed.length], ["fail", why === "off" || why === "no module" ? 0 : 1]);
  }
});

Deno.test("what was funded before receiving was switched off is settled", async () => {
  const { world, decided, bought, relayed } = await listening();
  world.isRelayed = true;
  world.receiveEnabled = false;
  bought.resolve(PREIMAGE);
  const state = decided();
  await settle();
  assertEquals([state.answer, relayed.length], ["settle", 0]);
});

Deno.test("what isn't known is no refusal: a forward is looked at again until it is", async () => {
  const { world, decided, bought, relayed, passing } = await listening();
  world.relay = () => Promise.reject(new Error("the module was started anew"));
  const state = decided();
  await passing(60_000);
  assertEquals(state.answer, null);
  assertEquals(relayed.length > 3, true);
  world.relay = () => Promise.resolve(ok(null));
  bought.resolve(PREIMAGE);
  await passing(20_000);
  assertEquals(state.answer, "settle");
});

Deno.test("while its federation is being left a forward waits: it may have been funded", async () => {
  const { world, decided, passing, bought } = await listening();
  world.isLeaving = true;
  const state = decided();
  await passing(30_000);
  assertEquals(state.answer, null);
  // it stays
  world.isLeaving = false;
  world.isRelayed = true;
  bought.resolve(PREIMAGE);
  await passing(20_000);
  assertEquals(state.answer, "settle");
  // or it goes, as nothing of it was under way
  const other = await listening(), gone = (other.world.isLeaving = true, other.decided());
  other.world.isServed = false;
  await other.passing(20_000);
  assertEquals(gone.answer, "resume");
});

Deno.test("a gateway that is about to stop takes no new forward, and ends what it has", async () => {
  const { world, forwards, decided, bought, relayed, lost, passing } = await listening();
  forwards.drain();
  const fresh = decided();
  await passing(60_000);
  assertEquals([fresh.answer, relayed.length], [null, 0]);
  world.isRelayed = true;
  bought.resolve(PREIMAGE);
  const old = decided();
  await settle();
  assertEquals(old.answer, "settle");
  lost.abort(new Error("the node has gone"));
  await settle();
  assertEquals(fresh.answer, "given up");
});

const CLOSING = new AbortController().signal;

/** The module's part of a forward that was bought, on disk. */
function boughtOnDisk() {
  const unanswered = [{ paymentHash: toHex(FORWARD.paymentHash), circuit: FORWARD.circuit }];
  return {
    unanswered,
    lnv1: {
      isRelayed: () => Promise.resolve(true),
      awaitRelayed: () => Promise.resolve(PREIMAGE),
      answered: () => Promise.resolve(void unanswered.splice(0)),
      unanswered: () => Promise.resolve([...unanswered]),
    } as unknown as LnGatewayModule,
  };
}

Deno.test("what was bought is settled though the gateway dies at any commit of its answer, and the federation is left before the node tells again", async () => {
  const clock = new ManualClock(), log = loggerFor("test", () => {});
  let lives = 0;
  for (const commit of ["lost", "kept"] as const) {
    for (let count = 0; count < 3; count++) {
      const store = await openMemoryStore({ clock }), { unanswered, lnv1 } = boughtOnDisk();
      const served = { isServed: true };
      /** A life of the gateway, which ends at a commit of its own, or of the module's. */
      const life = (endsAt: number | null) => {
        let commits = 0;
        const ending = async <T>(write: () => Promise<T>): Promise<T> => {
          const isEnd = commits++ === endsAt;
          if (isEnd && commit === "lost") return await new Promise<never>(() => {});
          const value = await write();
          if (isEnd) return await new Promise<never>(() => {});
          return value;
        };
        const federations = {
          ofIndex: () => Promise.resolve(served.isServed ? ID : null),
          using: (_: string, work: () => Promise<unknown>) => work(),
          awaitLnv1: () => Promise.resolve(module),
        } as unknown as Federations;
        const module = {
          ...lnv1,
          answered: (...args: Parameters<typeof lnv1.answered>) => ending(() => lnv1.answered(...args)),
        } as LnGatewayModule;
        const transact: typeof store.transact = (write) =>
          ending(async () => {
            const written = await store.transact(write);
            await written.durable;
            return written;
          });
        const view = new Proxy(store, {
          get: (of, name) => name === "transact" ? transact : Reflect.get(of, name).bind?.(of),
        });
        const watch = {} as NodeWatch, dice = seededDice(1);
        return {
          module,
          forwards: new Forwards({ store: view, watch, federations, clock, dice, log, closing: CLOSING }),
        };
      };
      const first = life(count), state: { answer: ForwardAnswer | null } = { answer: null };
      void first.forwards.decide(FORWARD, CLOSING).then((answer) => state.answer = answer);
      await settle();
      if (state.answer) {
        // no commit is left to die at
        assertEquals([count, state.answer.tag], [2, "settle"]);
      } else lives++;
      // killed before the answer was on its way; it is opened again, and the operator leaves at once
      const second = life(null);
      await second.forwards.keepAnswers(second.module);
      assertEquals(unanswered, [], "it may be left");
      served.isServed = false;
      assertEquals(await life(null).forwards.decide(FORWARD, CLOSING), { tag: "settle", preimage: PREIMAGE });
      // another HTLC of the same hash bought nothing
      const other = { ...FORWARD, circuit: { channel: 1n, htlc: 3n } };
      assertEquals((await life(null).forwards.decide(other, CLOSING)).tag, "resume");
      await store.close();
    }
  }
  assertEquals(lives, 4);
});

Deno.test("an answer is kept before the forward counts as answered; one that goes back isn't", async () => {
  const { answered, bought, decided, world } = await listening();
  world.isRelayed = true;
  const state = decided();
  await settle();
  assertEquals(answered, []);
  bought.resolve(PREIMAGE);
  await settle();
  assertEquals([state.answer, answered], ["settle", [PREIMAGE]]);
  world.isServed = false;
  const again = decided();
  await settle();
  assertEquals(again.answer, "settle");

  const failing = await listening();
  failing.bought.resolve(null);
  failing.decided();
  await settle();
  assertEquals(failing.answered, [null]);
  failing.world.isServed = false;
  const gone = failing.decided();
  await settle();
  assertEquals(gone.answer, "resume");
});

Deno.test("kept answers are deleted when no forward lives any more, in bounded steps", async () => {
  const store = await openMemoryStore({ clock: new ManualClock() });
  const keyOf = (htlc: bigint) => ({ paymentHash: "11".repeat(32) as Sha256, channel: 1n, htlc });
  for (let at = 0; at < 5; at++) {
    await (await store.transact((tx) => keepAnswer(tx, keyOf(BigInt(at)), PREIMAGE, 1_000 + at))).durable;
  }
  // kept once more, it doesn't live longer
  await (await store.transact((tx) => keepAnswer(tx, keyOf(0n), PREIMAGE, 9_000))).durable;
  const prune = async (beforeSecs: number) => (await store.transact((tx) => pruneAnswers(tx, beforeSecs, 2))).value;
  assertEquals([await prune(1_000), await prune(1_003), await prune(1_003), await prune(1_003)], [0, 2, 1, 0]);
  const left = await Promise.all(
    [0n, 1n, 2n, 3n, 4n].map((htlc) => store.read((tx) => answerTo(tx, keyOf(htlc)))),
  );
  assertEquals(left.map((preimage) => preimage !== undefined), [false, false, false, true, true]);
});
