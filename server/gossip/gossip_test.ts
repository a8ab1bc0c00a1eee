import { assertEquals } from "@std/assert";
import type { ManualPlatform } from "../../actors/testing/platform.ts";
import { withSystem } from "../../actors/testing/platform.ts";
import { refTo, supervisor } from "../../actors/mod.ts";
import type { RpcError, RpcRef } from "../../actors/rpc/mod.ts";
import { openMemoryStore } from "../../actors/store/memory.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import { gossipChildren } from "./gossip.ts";
import { announce, ensureOwnStatements, takeAnnouncement } from "./statements.ts";
import { signApiAnnouncement } from "../../core/types/api_announcement.ts";
import { scriptedGuardian } from "./testing/scripted_guardian.ts";
import { secretKeyOf, testConfig } from "../config/testing/config.ts";

type Call = { readonly peer: number; readonly method: string; readonly params: Json };
type Answers = (call: Call) => Result<Json, RpcError>;

/** A guardian's API that answers as it is told. */
function guardianAt(peer: number, calls: Call[], answers: Answers) {
  return scriptedGuardian(peer, (method, params) => {
    const call = { peer, method, params };
    calls.push(call);
    return answers(call);
  });
}

async function rig(
  options: { readonly fresh: boolean; readonly answers?: Answers; readonly testEnvironment?: boolean },
  body: (
    test: {
      readonly clock: ManualPlatform;
      readonly sent: () => string[];
      readonly change: () => Promise<void>;
      readonly hear: () => Promise<void>;
    },
  ) => Promise<void>,
) {
  const config = testConfig(0);
  const storeClock = { nowMs: () => 0, monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) };
  const store = await openMemoryStore({ clock: storeClock });
  const platform = { clock: storeClock, dice: seededDice(1) };
  const ensureOwn = () => ensureOwnStatements(store, config, platform);
  if (!options.fresh) await ensureOwn();
  const calls: Call[] = [];
  const guardians = new Map([1, 2].map((peer): [number, RpcRef] => [peer, refTo(`root/guardian:${peer}`)]));
  const children = gossipChildren({
    store,
    identity: 0,
    guardians,
    testEnvironment: options.testEnvironment ?? false,
  });
  const answers = options.answers ?? (() => ok(null));
  const tree = [...guardians.keys()].map((peer) => guardianAt(peer, calls, answers));
  await withSystem([...tree, supervisor("gossip", { children })], async ({ clock }) => {
    if (options.fresh) await ensureOwn();
    await body({
      clock,
      // what was sent since the last time
      sent: () =>
        calls.splice(0).map(({ peer, method, params }) =>
          `${peer} ${method.replace("submit_", "")} of ${(params as JsonObject).peer_id}`
        ).sort(),
      change: async () => {
        const { durable } = await store.transact((tx) => announce(tx, config, platform, "ws://moved/"));
        await durable;
      },
      hear: async () => {
        const signed = signApiAnnouncement({ apiUrl: "ws://b/", nonce: 5n }, secretKeyOf(2), new Uint8Array(32));
        const submission = { peerId: 2, signedApiAnnouncement: signed };
        const { durable } = await store.transact((tx) => takeAnnouncement(tx, config.consensus, submission));
        await durable;
      },
    });
  });
}

const ANNOUNCEMENTS = ["1 api_announcement of 0", "2 api_announcement of 0"];
const METADATA = ["1 guardian_metadata of 0", "2 guardian_metadata of 0"];
const BOTH = [...ANNOUNCEMENTS, ...METADATA].sort();

Deno.test("new statements are sent to everybody at once, then every ten minutes", async () => {
  await rig({ fresh: true }, async ({ clock, sent }) => {
    await clock.advance(0);
    assertEquals(sent(), BOTH);
    await clock.advance(599_999);
    assertEquals(sent(), []);
    await clock.advance(1);
    assertEquals(sent(), BOTH);
  });
});

Deno.test("old statements wait five seconds, for guardians that start together", async () => {
  await rig({ fresh: false }, async ({ clock, sent }) => {
    await clock.advance(4_999);
    assertEquals(sent(), []);
    await clock.advance(1);
    assertEquals(sent(), BOTH);
  });
});

Deno.test("a change of our own is sent at once, one of another guardian with the next round", async () => {
  await rig({ fresh: true }, async ({ clock, sent, change, hear }) => {
    await clock.advance(0);
    sent();
    await hear();
    await clock.advance(10);
    assertEquals(sent(), []);
    await change();
    await clock.advance(0);
    assertEquals(
      sent(),
      [...ANNOUNCEMENTS, "1 api_announcement of 2", "2 api_announcement of 2"].sort(),
    );
    await change();
    await clock.advance(0);
    assertEquals(sent().length, 4);
  });
});

for (const [testEnvironment, againMs] of [[false, 60_000], [true, 3_000]] as const) {
  Deno.test(`after a failure it is tried again in ${againMs} ms`, async () => {
    let down = true;
    const answers: Answers = ({ peer }) =>
      down && peer === 2 ? err({ kind: "connection", message: "refused" }) : ok(null);
    await rig({ fresh: false, answers, testEnvironment }, async ({ clock, sent, hear }) => {
      await hear();
      await clock.advance(5_000);
      // the second announcement doesn't wait for a connection that failed just now
      assertEquals(sent(), [...BOTH, "1 api_announcement of 2"].sort());
      await clock.advance(againMs - 1);
      assertEquals(sent(), []);
      down = false;
      await clock.advance(1);
      assertEquals(sent(), [...BOTH, "1 api_announcement of 2", "2 api_announcement of 2"].sort());
      await clock.advance(againMs);
      assertEquals(sent(), []);
    });
  });
}

Deno.test("a refusal does not keep the rest back; a guardian too old to know statements is no failure", async () => {
  const answers: Answers = ({ peer }) =>
    peer === 1
      ? err({ kind: "server", code: 400, message: "Outdated or redundant announcement" })
      : err({ kind: "method_not_found", message: "Method not found" });
  await rig({ fresh: false, answers }, async ({ clock, sent, hear }) => {
    await hear();
    await clock.advance(5_000);
    assertEquals(sent(), [...BOTH, "1 api_announcement of 2", "2 api_announcement of 2"].sort());
    await clock.advance(60_000);
    assertEquals(sent().length, 6);
  });
  await rig({ fresh: true, answers: (call) => answers({ ...call, peer: 2 }) }, async ({ clock, sent }) => {
    await clock.advance(0);
    assertEquals(sent(), BOTH);
    await clock.advance(60_000);
    assertEquals(sent(), []);
  });
});
