import { assert, assertEquals } from "@std/assert";
import { defineActor, next } from "../../actors/actor.ts";
import { child, refTo } from "../../actors/mod.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import { err, ok } from "../../core/result.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { AcceptedItem, SignedSessionOutcome } from "../../core/types/session.ts";
import { sessionHeader } from "../../core/types/session.ts";
import type { AnyServerModule } from "../../modules/contract/server.ts";
import { seededDice } from "../../modules/contract/testing.ts";
import type { ConsensusSettings } from "./settings.ts";
import { makeKeychain } from "./keychain.ts";
import type { OrderedUnit, OutcomeMessage } from "./outcome.ts";
import { outcome } from "./outcome.ts";
import type { SessionsMessage } from "./sessions.ts";
import type { ConsensusTest } from "./testing.ts";
import { codecsWith, INSTANCE, refs, withConsensus } from "./testing.ts";
import { DecodeError, encode, list, u64 } from "../../core/encoding/mod.ts";
import { toDyn } from "../../core/types/dyn.ts";
import type { ConsensusItem } from "../../core/types/session.ts";
import { consensusItem } from "../../core/types/session.ts";
import { decodeBatch } from "./outcome.ts";
import { modulesWith } from "./transaction.ts";

const codecs = codecsWith({ consensusItem: u64, input: u64 });
const modules = modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, codecs]]));

const vote: ConsensusItem = { tag: "Module", value: toDyn(INSTANCE, u64, 7n) };
const batchOf = (...items: ConsensusItem[]) => encode(list(consensusItem), items);

Deno.test("a batch gives its items in order; those of unknown variants stand among them", () => {
  const unknown: ConsensusItem = { tag: "Default", value: { variant: 9n, bytes: Uint8Array.of(1, 2, 3) } };
  assertEquals(decodeBatch(modules, batchOf(vote, unknown, vote)), [vote, unknown, vote]);
  assertEquals(decodeBatch(modules, batchOf()), []);
});

Deno.test("one malformed item, or one of an unknown module, empties the whole batch", () => {
  const bad: ConsensusItem[] = [
    { tag: "Module", value: { instance: 77, body: Uint8Array.of(7) } },
    { tag: "Module", value: { instance: INSTANCE, body: Uint8Array.of(7, 7) } },
    {
      tag: "Transaction",
      value: {
        inputs: [{ instance: INSTANCE, body: new Uint8Array(0) }],
        outputs: [],
        nonce: new Uint8Array(8),
        signatures: { tag: "NaiveMultisig", value: [] },
      },
    },
  ];
  for (const item of bad) assert(decodeBatch(modules, batchOf(vote, item, vote)) instanceof DecodeError);
});

Deno.test("a batch that is cut anywhere, or has bytes behind it, counts as empty", () => {
  const whole = batchOf(vote, vote);
  for (let end = 0; end < whole.length; end++) {
    assert(decodeBatch(modules, whole.slice(0, end)) instanceof DecodeError, `${end} of ${whole.length} bytes`);
  }
  assert(decodeBatch(modules, new Uint8Array([...whole, 0])) instanceof DecodeError);
});

const SESSION = 0, ROUNDS = 10;
const outcomeRef = refTo<OutcomeMessage>("root/outcome");
const secretKeys = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte));
const broadcastKeys = new Map(secretKeys.map((key, peer) => [peer, publicKeyOf(key)]));
const keychains = secretKeys.map((secretKey, identity) =>
  makeKeychain({ identity, broadcastKeys, secretKey, dice: seededDice(identity) })
);

/** Takes each number once. */
const ONCE: Partial<AnyServerModule> = {
  processItem: async (tx, number: bigint) => {
    const key = Uint8Array.of(Number(number));
    if (await tx.get(key) !== undefined) return err("voted before");
    tx.set(key, key);
    return ok(null);
  },
  audit: () => Promise.resolve(0n),
  api: {},
};

function itemsOf(...numbers: bigint[]): AcceptedItem[] {
  return numbers.map((number) => ({ item: { tag: "Module", value: toDyn(INSTANCE, u64, number) }, peer: 1 }));
}

/** By guardians 1 to 3. */
function signed(items: AcceptedItem[]): SignedSessionOutcome {
  const header = sessionHeader(SESSION, { items });
  const signatures = new Map([1, 2, 3].map((peer) => [peer, keychains[peer]!.sign(header)]));
  return { sessionOutcome: { items }, signatures };
}

/** One session of guardian 0. `completed`: what it gave to `sessions`. */
async function withSession(
  body: (test: ConsensusTest, completed: readonly SignedSessionOutcome[]) => Promise<void>,
): Promise<void> {
  const completed: SignedSessionOutcome[] = [];
  const sessions = defineActor<Extract<SessionsMessage, { type: "completed" }>, null, null>({
    name: "sessions",
    init: () => null,
    handle: {
      completed: (state, { outcome }) => {
        completed.push(outcome);
        return next(state);
      },
    },
  });
  const settings: ConsensusSettings = {
    identity: 0,
    peers: numPeers(4),
    broadcastKeys,
    version: { major: 2, minor: 1 },
    roundsPerSession: ROUNDS,
    roundDelayMs: 50,
    sessionTimeoutMs: 600_000,
    testEnvironment: true,
  };
  await withConsensus(ONCE, codecs, (test) => body(test, completed), (modules) => {
    const { engine, mempool } = refs;
    const common = { session: SESSION, settings, keychain: keychains[0]!, modules, engine, mempool };
    return [
      child(sessions, { args: null }),
      child(outcome, { restart: "temporary", args: { ...common, sessions: refTo<SessionsMessage>("root/sessions") } }),
    ];
  });
}

Deno.test("copies of the last items, which the header doesn't tell, are dropped when an outcome is taken from a peer", async () => {
  const honest = itemsOf(1n, 2n, 3n), copied = itemsOf(1n, 2n, 3n, 3n);
  assertEquals(
    sessionHeader(SESSION, { items: copied }),
    sessionHeader(SESSION, { items: honest }),
    "the danger is real",
  );
  await withSession(async ({ system, clock }, completed) => {
    const { signatures } = signed(honest);
    system.tell(outcomeRef, "recovered", { outcome: { sessionOutcome: { items: copied }, signatures } });
    await clock.advance(1_000);
    assertEquals(completed, [{ sessionOutcome: { items: honest }, signatures }]);
  });
});

Deno.test("who has all items keeps their own, and takes the signatures alone from a peer", async () => {
  const honest = itemsOf(1n, 2n, 3n), copied = itemsOf(1n, 2n, 3n, 3n);
  await withSession(async ({ system, clock }, completed) => {
    const life = await system.ask(outcomeRef, "life", null);
    const batch: OrderedUnit = {
      round: 0,
      creator: 1,
      data: { kind: "batch", bytes: batchOf(...honest.map(({ item }) => item)) },
    };
    system.tell(outcomeRef, "ordered", { life, units: [batch, { round: ROUNDS, creator: 2, data: null }] });
    await clock.advance(1_000);
    assertEquals(completed, []);
    const { signatures } = signed(honest);
    system.tell(outcomeRef, "recovered", { outcome: { sessionOutcome: { items: copied }, signatures } });
    await clock.advance(1_000);
    assertEquals(completed, [{ sessionOutcome: { items: honest }, signatures }]);
  });
});

Deno.test("an outcome with an item that is refused here is a failure, not an outcome", async () => {
  await withSession(async ({ system, clock, log }, completed) => {
    system.tell(outcomeRef, "recovered", { outcome: signed(itemsOf(1n, 2n, 1n)) });
    await clock.advance(1_000);
    assertEquals(completed, []);
    assert(
      log.some(({ facts }) =>
        String(facts.reason).includes("accepted by the federation are accepted here: voted before")
      ),
    );
  });
});
