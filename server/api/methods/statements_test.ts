import { assert, assertEquals } from "@std/assert";
import { openMemoryStore } from "../../../actors/store/memory.ts";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { parseJson } from "../../../core/encoding/mod.ts";
import {
  apiAnnouncementSubmission,
  signApiAnnouncement,
  signedApiAnnouncement,
  verifyApiAnnouncement,
} from "../../../core/types/api_announcement.ts";
import {
  guardianMetadataSubmission,
  signedGuardianMetadata,
  signGuardianMetadata,
  verifyGuardianMetadata,
} from "../../../core/types/guardian_metadata.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { seededDice } from "../../../modules/contract/testing/mod.ts";
import { guardianMetadata } from "../db.ts";
import { pkarrId } from "../../gossip/pkarr.ts";
import { statementMethods } from "./statements.ts";
import { apiUrls, describeSelf, ensureOwnStatements } from "../../gossip/statements.ts";
import { badRequest, call } from "../testing/calls.ts";
import { configUrl, secretKeyOf, testConfig } from "../../config/testing/config.ts";

const AUX = new Uint8Array(32);
const NOW_SECS = 1_000_000;
const ME = 0;

function announced(peer: PeerId, apiUrl: string, nonce: bigint, signer = peer): JsonObject {
  const signed = signApiAnnouncement({ apiUrl, nonce }, secretKeyOf(signer), AUX);
  return apiAnnouncementSubmission.toJson({ peerId: peer, signedApiAnnouncement: signed }) as JsonObject;
}

function described(peer: PeerId, apiUrls: string[], timestampSecs: number, signer = peer): JsonObject {
  const metadata = { apiUrls, pkarrIdZ32: "y", timestampSecs, irohNextEndpoint: null };
  const signed = signGuardianMetadata(metadata, secretKeyOf(signer), AUX);
  return guardianMetadataSubmission.toJson({ peerId: peer, signedGuardianMetadata: signed }) as JsonObject;
}

async function rig(options: { readonly started?: boolean } = {}) {
  const clock = { nowMs: () => NOW_SECS * 1_000, monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) };
  const store = await openMemoryStore({ clock });
  const config = testConfig(ME);
  const platform = { clock, dice: seededDice(1) };
  if (options.started ?? true) await ensureOwnStatements(store, config, platform);
  const methods = statementMethods({ store, config, platform, apiPassword: "pass" });
  return {
    store,
    config,
    platform,
    call: (method: string, params: Json, auth?: string) => call(methods, method, params, auth),
    urls: () => store.read((tx) => apiUrls(tx, config.consensus)),
  };
}

Deno.test("at its first start a guardian says where it is by the config's URL, and never again", async () => {
  const { store, config, platform, call, urls } = await rig({ started: false });
  assertEquals(await call("api_announcements", null), {});
  assertEquals(await call("guardian_metadata", null), {});
  assertEquals(await ensureOwnStatements(store, config, platform), { announcement: true, metadata: true });
  const first = [await call("api_announcements", null), await call("guardian_metadata", null)] as JsonObject[];
  assertEquals((first[0]!["0"] as JsonObject).api_announcement, { api_url: configUrl(ME), nonce: 0 });
  assertEquals(parseJson((first[1]!["0"] as { content: string }).content), {
    api_urls: [configUrl(ME)],
    pkarr_id_z32: pkarrId(secretKeyOf(ME)),
    timestamp_secs: NOW_SECS,
  });
  assertEquals(await ensureOwnStatements(store, config, platform), { announcement: false, metadata: false });
  assertEquals([await call("api_announcements", null), await call("guardian_metadata", null)], first);
  assertEquals(await urls(), new Map([0, 1, 2, 3].map((peer) => [peer, configUrl(peer)])));
});

Deno.test("own statements are signed so that the others take them", async () => {
  const { call, config } = await rig();
  const key = config.consensus.broadcastPublicKeys.get(ME)!;
  const announcement = (await call("api_announcements", null) as JsonObject)["0"]!;
  assert(verifyApiAnnouncement(signedApiAnnouncement.fromJson(announcement), key));
  const metadata = (await call("guardian_metadata", null) as JsonObject)["0"]!;
  assertEquals(verifyGuardianMetadata(signedGuardianMetadata.fromJson(metadata), key, NOW_SECS), {
    ok: true,
    value: null,
  });
});

Deno.test("an announcement is taken once, and only a higher nonce takes its place", async () => {
  const { call, urls } = await rig();
  const outdated = badRequest("Outdated or redundant announcement");
  assertEquals(await call("submit_api_announcement", announced(2, "ws://new/", 3n)), null);
  assertEquals((await urls()).get(2), "ws://new/");
  assertEquals(await call("submit_api_announcement", announced(2, "ws://new/", 3n)), null, "the same again is fine");
  assertEquals(await call("submit_api_announcement", announced(2, "ws://other/", 3n)), outdated);
  assertEquals(await call("submit_api_announcement", announced(2, "ws://other/", 2n)), outdated);
  assertEquals((await urls()).get(2), "ws://new/");
  assertEquals(await call("submit_api_announcement", announced(2, "ws://newest/", 4n)), null);
  assertEquals((await urls()).get(2), "ws://newest/");
});

Deno.test("an announcement by another key, or for a stranger, is refused", async () => {
  const { call, urls } = await rig();
  const invalid = badRequest("Invalid signature");
  assertEquals(await call("submit_api_announcement", announced(2, "ws://evil/", 3n, 1)), invalid);
  assertEquals(await call("submit_api_announcement", { ...announced(1, "ws://evil/", 3n), peer_id: 2 }), invalid);
  assertEquals(
    await call("submit_api_announcement", announced(4, "ws://evil/", 3n)),
    badRequest("Peer not in federation"),
  );
  assertEquals((await call("submit_api_announcement", { peer_id: 1 }) as { code: number }).code, 400);
  assertEquals((await urls()).get(2), configUrl(2));
});

Deno.test("metadata is taken once, and only a newer timestamp takes its place", async () => {
  const { call, urls } = await rig();
  const stale = badRequest("New metadata timestamp is not newer than existing");
  assertEquals(await call("submit_guardian_metadata", described(2, ["ws://new/"], NOW_SECS)), null);
  assertEquals(await call("submit_guardian_metadata", described(2, ["ws://new/"], NOW_SECS)), null);
  assertEquals(await call("submit_guardian_metadata", described(2, ["ws://other/"], NOW_SECS)), stale);
  assertEquals(await call("submit_guardian_metadata", described(2, ["ws://other/"], NOW_SECS - 1)), stale);
  assertEquals((await urls()).get(2), "ws://new/");
  assertEquals(await call("submit_guardian_metadata", described(2, ["ws://newest/"], NOW_SECS + 3_600)), null);
  assertEquals((await urls()).get(2), "ws://newest/");
});

Deno.test("metadata by another key, for a stranger, or more than an hour ahead is refused", async () => {
  const { call, urls } = await rig();
  const invalid = badRequest("Invalid signature or timestamp: Invalid signature");
  assertEquals(await call("submit_guardian_metadata", described(2, ["ws://evil/"], NOW_SECS, 1)), invalid);
  const changed = { ...described(2, [], NOW_SECS), content: described(2, ["ws://evil/"], NOW_SECS).content! };
  assertEquals(await call("submit_guardian_metadata", changed), invalid);
  assertEquals(
    await call("submit_guardian_metadata", described(4, [], NOW_SECS)),
    badRequest("Peer not in federation"),
  );
  assertEquals(
    await call("submit_guardian_metadata", described(2, [], NOW_SECS + 3_601)),
    badRequest("Invalid signature or timestamp: Timestamp is too far in the future"),
  );
  const tooLong = described(2, [`ws://h/${"x".repeat(65_536)}`], NOW_SECS);
  assertEquals((await call("submit_guardian_metadata", tooLong) as { code: number }).code, 400);
  assertEquals((await urls()).get(2), configUrl(2));
});

Deno.test("metadata goes before an announcement, unless it names no URL", async () => {
  const { call, urls } = await rig();
  assertEquals(await call("submit_api_announcement", announced(2, "ws://announced/", 1n)), null);
  assertEquals(await call("submit_guardian_metadata", described(2, [], 1)), null);
  assertEquals((await urls()).get(2), "ws://announced/");
  assertEquals(await call("submit_guardian_metadata", described(2, ["ws://first/", "ws://second/"], 2)), null);
  assertEquals((await urls()).get(2), "ws://first/");
});

Deno.test("signing a new URL takes the password, and the next nonce", async () => {
  const { call, config } = await rig();
  const denied = { code: 401, message: "Invalid authorization" };
  assertEquals(await call("sign_api_announcement", "ws://moved/"), denied);
  assertEquals(await call("sign_guardian_metadata", { api_urls: [], pkarr_id_z32: "", timestamp_secs: 1 }), denied);
  const signed = await call("sign_api_announcement", "ws://moved", "pass") as JsonObject;
  assertEquals(signed.api_announcement, { api_url: "ws://moved/", nonce: 1 });
  assert(
    verifyApiAnnouncement(signedApiAnnouncement.fromJson(signed), config.consensus.broadcastPublicKeys.get(ME)!),
  );
  assertEquals((await call("api_announcements", null) as JsonObject)["0"], signed);
  const again = await call("sign_api_announcement", "ws://moved", "pass") as JsonObject;
  assertEquals((again.api_announcement as JsonObject).nonce, 2);
  assertEquals((await call("sign_api_announcement", "no url", "pass") as { code: number }).code, 400);
});

Deno.test("signed metadata is kept as it was given, but for an Iroh endpoint, which stays", async () => {
  const { store, config, platform, call, urls } = await rig({ started: false });
  const params = { api_urls: ["ws://moved/"], pkarr_id_z32: "y", timestamp_secs: 7 };
  const signed = await call("sign_guardian_metadata", params, "pass") as { content: string };
  assertEquals(parseJson(signed.content), params);
  assertEquals((await urls()).get(ME), "ws://moved/");
  const kept = { apiUrls: [], pkarrIdZ32: "y", timestampSecs: 8, irohNextEndpoint: "aa" };
  await store.transact(async (tx) =>
    guardianMetadata.set(tx, ME, {
      ...(await describeSelf(tx, config, platform, kept))!,
      metadata: kept,
      content: new TextEncoder().encode(
        '{"api_urls":[],"pkarr_id_z32":"y","timestamp_secs":8,"iroh_next_endpoint":"aa"}',
      ),
    })
  );
  const next = { ...params, timestamp_secs: 9 };
  const resigned = await call("sign_guardian_metadata", { ...next, iroh_next_endpoint: "bb" }, "pass");
  assertEquals(parseJson((resigned as { content: string }).content), { ...next, iroh_next_endpoint: "aa" });
});

Deno.test("metadata that is signed takes effect: a time that isn't later than that of before is raised", async () => {
  const { call, urls } = await rig();
  for (const [i, given] of [7, NOW_SECS, NOW_SECS + 2, NOW_SECS + 3_600].entries()) {
    const params = { api_urls: [`ws://moved${i}/`], pkarr_id_z32: "y", timestamp_secs: given };
    const { content } = await call("sign_guardian_metadata", params, "pass") as { content: string };
    const timestamp = (parseJson(content) as JsonObject).timestamp_secs;
    assertEquals(timestamp, [NOW_SECS + 1, NOW_SECS + 2, NOW_SECS + 3, NOW_SECS + 3_600][i]);
    assertEquals((await urls()).get(ME), `ws://moved${i}/`);
  }
  const ahead = badRequest("Timestamp is too far in the future: nobody would take this metadata");
  for (const given of [7, NOW_SECS + 3_601, 2 ** 50]) {
    const params = { api_urls: ["ws://lost/"], pkarr_id_z32: "y", timestamp_secs: given };
    assertEquals(await call("sign_guardian_metadata", params, "pass"), ahead);
  }
  assertEquals((await urls()).get(ME), "ws://moved3/");
});

Deno.test("metadata of a clock that was far ahead is dated anew, and doesn't outrank what is signed then", async () => {
  const { store, config, platform, call } = await rig({ started: false });
  const fast = { ...platform, clock: { ...platform.clock, nowMs: () => (NOW_SECS + 86_400) * 1_000 } };
  await ensureOwnStatements(store, config, fast);
  const own = async () =>
    parseJson((await call("guardian_metadata", null) as { "0": { content: string } })["0"].content);
  assertEquals((await own() as JsonObject).timestamp_secs, NOW_SECS + 86_400);
  const params = { api_urls: ["ws://moved/"], pkarr_id_z32: "y", timestamp_secs: NOW_SECS };
  await call("sign_guardian_metadata", params, "pass");
  assertEquals(await own(), params);
  await ensureOwnStatements(store, config, platform);
  assertEquals(await own(), params, "the others take it: it stays");
  const other = await rig({ started: false });
  await ensureOwnStatements(other.store, config, fast);
  assertEquals(await ensureOwnStatements(other.store, config, platform), { announcement: false, metadata: true });
  const metadata = (await other.call("guardian_metadata", null) as JsonObject)["0"]!;
  const { timestampSecs, apiUrls } = signedGuardianMetadata.fromJson(metadata).metadata;
  assertEquals([timestampSecs, apiUrls], [NOW_SECS, [configUrl(ME)]]);
});

Deno.test("metadata that nobody would take is not signed", async () => {
  const { call } = await rig();
  const before = await call("guardian_metadata", null);
  const params = { api_urls: [], pkarr_id_z32: "y".repeat(65_536), timestamp_secs: 7 };
  assertEquals(
    await call("sign_guardian_metadata", params, "pass"),
    badRequest("Metadata is longer than 65536 bytes"),
  );
  assertEquals(await call("guardian_metadata", null), before);
});
