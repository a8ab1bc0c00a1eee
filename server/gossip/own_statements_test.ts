import { assertEquals } from "@std/assert";
import type { ManualPlatform } from "../../actors/testing/platform.ts";
import { withSystem } from "../../actors/testing/platform.ts";
import { child, refTo } from "../../actors/mod.ts";
import type { RpcError, RpcRef } from "../../actors/rpc/mod.ts";
import { openMemoryStore } from "../../actors/store/memory.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { signApiAnnouncement, signedApiAnnouncement } from "../../core/types/api_announcement.ts";
import { signedGuardianMetadata, signGuardianMetadata } from "../../core/types/guardian_metadata.ts";
import { announcements, guardianMetadata } from "../api/db.ts";
import { ownStatements } from "./own_statements.ts";
import { apiUrls } from "./statements.ts";
import { configUrl, secretKeyOf, testConfig } from "../config/testing/config.ts";
import { scriptedGuardian } from "./testing/scripted_guardian.ts";

const ME = 0;
const AUX = new Uint8Array(32);
const AGAIN_MS = 5_000;

type Answer = Result<Json, RpcError>;
type Knows = { readonly announcements: Answer; readonly metadata: Answer };

const NOTHING: Knows = { announcements: ok({}), metadata: ok({}) };
const AWAY: Knows = {
  announcements: err({ kind: "connection", message: "refused" }),
  metadata: err({ kind: "connection", message: "refused" }),
};
const TOO_OLD: Knows = {
  announcements: err({ kind: "method_not_found", message: "Method not found" }),
  metadata: err({ kind: "method_not_found", message: "Method not found" }),
};

/** A guardian that knows that guardian 0 has moved; signed by `signer`. */
function moved(url: string, signer = ME, atSecs = 50): Knows {
  const announcement = signApiAnnouncement({ apiUrl: url, nonce: 4n }, secretKeyOf(signer), AUX);
  const content = { apiUrls: [url], pkarrIdZ32: "y", timestampSecs: atSecs, irohNextEndpoint: null };
  const metadata = signGuardianMetadata(content, secretKeyOf(signer), AUX);
  return {
    announcements: ok({ "0": signedApiAnnouncement.toJson(announcement), "1": "of no interest" }),
    metadata: ok({ "0": signedGuardianMetadata.toJson(metadata), "99": [] }),
  };
}

function guardianAt(peer: number, knows: () => Knows) {
  return scriptedGuardian(
    peer,
    (method) => method === "api_announcements" ? knows().announcements : knows().metadata,
  );
}

/** What guardian 0, whose database is empty, says of itself while the others know this. */
async function rig(
  others: Knows[],
  body: (test: {
    readonly clock: ManualPlatform;
    readonly others: Knows[];
    /** Own URL, and the nonce of what was announced; null when nothing was. */
    readonly own: () => Promise<readonly [string, bigint | null, number | null]>;
  }) => Promise<void>,
): Promise<void> {
  const config = testConfig(ME, others.length + 1);
  const store = await openMemoryStore({
    clock: { nowMs: () => 0, monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) },
  });
  const guardians = new Map(others.map((_, i): [number, RpcRef] => [i + 1, refTo(`root/guardian:${i + 1}`)]));
  const tree = others.map((_, i) => guardianAt(i + 1, () => others[i]!));
  const args = { store, config, guardians, testEnvironment: false };
  await withSystem([...tree, child(ownStatements, { args })], async ({ clock }) => {
    await clock.advance(0);
    await body({
      clock,
      others,
      own: () =>
        store.read(async (tx) => [
          (await apiUrls(tx, config.consensus)).get(ME)!,
          (await announcements.get(tx, ME))?.apiAnnouncement.nonce ?? null,
          (await guardianMetadata.get(tx, ME))?.metadata.timestampSecs ?? null,
        ]),
    });
  });
}

Deno.test("a restored guardian that has moved says what the others know of it, and nothing newer", async () => {
  for (const knows of [[moved("ws://new/"), NOTHING, AWAY], [NOTHING, TOO_OLD, moved("ws://new/")]]) {
    await rig(knows, async ({ own }) => assertEquals(await own(), ["ws://new/", 4n, 50]));
  }
});

Deno.test("it waits until one honest guardian must have answered", async () => {
  await rig([AWAY, NOTHING, AWAY], async ({ clock, others, own }) => {
    assertEquals(await own(), [configUrl(ME), null, null], "one may lie");
    await clock.advance(3 * AGAIN_MS);
    assertEquals(await own(), [configUrl(ME), null, null]);
    others[2] = moved("ws://new/");
    await clock.advance(AGAIN_MS);
    assertEquals(await own(), ["ws://new/", 4n, 50]);
  });
});

Deno.test("what nobody knows is said at once: a new federation, one guardian alone, guardians of an older release", async () => {
  for (const others of [[NOTHING, NOTHING, AWAY], [], [TOO_OLD, AWAY, TOO_OLD]]) {
    await rig(others, async ({ own }) => {
      const [url, nonce, timestampSecs] = await own();
      assertEquals([url, nonce], [configUrl(ME), 0n]);
      assertEquals(timestampSecs !== null, true);
    });
  }
});

Deno.test("a statement forged by another guardian, one from the future, or one that is damaged counts for nothing", async () => {
  const forged = moved("ws://evil/", 1);
  const damaged: Knows = { announcements: ok({ "0": { x: 1 } }), metadata: ok({ "0": 7 }) };
  const noMap: Knows = { announcements: ok([1]), metadata: ok("0") };
  for (const evil of [forged, damaged, noMap]) {
    await rig([evil, NOTHING, NOTHING], async ({ own }) => {
      const [url, nonce] = await own();
      assertEquals([url, nonce], [configUrl(ME), 0n]);
    });
    await rig([evil, moved("ws://new/"), NOTHING], async ({ own }) => {
      assertEquals(await own(), ["ws://new/", 4n, 50]);
    });
  }
  const future = { ...NOTHING, metadata: moved("ws://new/", ME, 2 ** 40).metadata };
  await rig([future, NOTHING, NOTHING], async ({ own }) => assertEquals((await own())[0], configUrl(ME)));
});
