/** What a contract was funded for is never failed before the contract's own end; what is nobody's goes on. */
import { assertEquals } from "@std/assert";
import { loggerFor } from "../../actors/logger.ts";
import { ManualClock, settle } from "../../actors/testing/manual_clock.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import type { LnGatewayModule } from "../../modules/ln/gateway/api.ts";
import type { RelayRefusal } from "../../modules/ln/gateway/error.ts";
import type { Forward } from "../../modules/ln/gateway/relaying.ts";
import { GatewayError } from "./error.ts";
import type { Federations } from "./federations.ts";
import { Forwards } from "./forwards.ts";
import type { ForwardAnswer, InterceptedForward } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";

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

function listening() {
  const clock = new ManualClock();
  const relayed: Forward[] = [], bought = Promise.withResolvers<Bytes | null>();
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
  return { world, relayed, bought, forwards, decided, passing, lost, closing };
}

Deno.test("a forward to a channel of nobody's goes on, and costs nothing", async () => {
  const { decided, relayed } = listening(), state = decided({ outgoingChannel: 8n });
  await settle();
  assertEquals([state.answer, relayed.length], ["resume", 0]);
});

Deno.test("a forward to a federation waits for what it buys, and is settled with it; by what the HTLC holds alone", async () => {
  const { decided, relayed, bought, passing } = listening(), state = decided();
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
    const { world, decided, bought, relayed } = listening();
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
  const { world, decided, bought, relayed } = listening();
  world.isRelayed = true;
  world.receiveEnabled = false;
  bought.resolve(PREIMAGE);
  const state = decided();
  await settle();
  assertEquals([state.answer, relayed.length], ["settle", 0]);
});

Deno.test("what isn't known is no refusal: a forward is looked at again until it is", async () => {
  const { world, decided, bought, relayed, passing } = listening();
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
  const { world, decided, passing, bought } = listening();
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
  const other = listening(), gone = (other.world.isLeaving = true, other.decided());
  other.world.isServed = false;
  await other.passing(20_000);
  assertEquals(gone.answer, "resume");
});

Deno.test("a gateway that is about to stop takes no new forward, and ends what it has", async () => {
  const { world, forwards, decided, bought, relayed, lost, passing } = listening();
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
