import { assertEquals } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import type { SignedApiAnnouncement } from "../../core/types/api_announcement.ts";
import { signApiAnnouncement } from "../../core/types/api_announcement.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { signGuardianMetadata } from "../../core/types/guardian_metadata.ts";
import type { SignedGuardianMetadata } from "../../core/types/guardian_metadata.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { announcementRules, currentUrls, mergeStatements, metadataRules } from "./announcements.ts";

const AUX = new Uint8Array(32) as Bytes;
const secrets = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte) as Bytes);
const keys = new Map(secrets.map((secret, peer) => [peer, publicKeyOf(secret)]));
const NOW_SECS = 1_800_000_000;

function announced(peer: PeerId, nonce: bigint, apiUrl: string): SignedApiAnnouncement {
  return signApiAnnouncement({ apiUrl, nonce }, secrets[peer]!, AUX);
}

function metadataOf(peer: PeerId, timestampSecs: number, ...apiUrls: string[]): SignedGuardianMetadata {
  const metadata = { apiUrls, pkarrIdZ32: "y", timestampSecs, irohNextEndpoint: null };
  return signGuardianMetadata(metadata, secrets[peer]!, AUX);
}

function urlsOf(merged: ReadonlyMap<PeerId, SignedApiAnnouncement>): [PeerId, string][] {
  return [...merged].map(([peer, { apiAnnouncement }]) => [peer, apiAnnouncement.apiUrl]);
}

Deno.test("of two announcements the one with the higher nonce is kept, whoever tells of it", () => {
  const stored = new Map([[0, announced(0, 5n, "ws://five/")], [1, announced(1, 0n, "ws://old/")]]);
  const answers = [
    new Map([[0, announced(0, 4n, "ws://four/")], [1, announced(1, 2n, "ws://new/")]]),
    new Map([[1, announced(1, 1n, "ws://middle/")], [2, announced(2, 0n, "ws://two/")]]),
  ];
  const merged = mergeStatements(stored, answers, keys, announcementRules);
  assertEquals(urlsOf(merged), [[0, "ws://five/"], [1, "ws://new/"], [2, "ws://two/"]]);
});

Deno.test("an answer with one forged entry, or one of a stranger, is worth nothing as a whole", () => {
  const forged = { ...announced(0, 9n, "ws://evil/"), signature: announced(0, 8n, "ws://evil/").signature };
  const good = announced(1, 1n, "ws://good/");
  const stranger = announced(3, 1n, "ws://good/");
  assertEquals(mergeStatements(new Map(), [new Map([[0, forged], [1, good]])], keys, announcementRules).size, 0);
  assertEquals(mergeStatements(new Map(), [new Map([[7, stranger], [1, good]])], keys, announcementRules).size, 0);
  // another guardian's own statement under a wrong number is none of that guardian
  assertEquals(mergeStatements(new Map(), [new Map([[0, good]])], keys, announcementRules).size, 0);
});

Deno.test("of metadata the newer one is kept, and none from the future", () => {
  const rules = metadataRules(NOW_SECS);
  const stored = new Map([[0, metadataOf(0, NOW_SECS - 10, "ws://old/")]]);
  const newer = mergeStatements(stored, [new Map([[0, metadataOf(0, NOW_SECS, "ws://new/")]])], keys, rules);
  assertEquals(newer.get(0)!.metadata.apiUrls, ["ws://new/"]);
  const future = mergeStatements(stored, [new Map([[0, metadataOf(0, NOW_SECS + 4_000, "ws://x/")]])], keys, rules);
  assertEquals(future.get(0)!.metadata.apiUrls, ["ws://old/"]);
});

Deno.test("a guardian is where its metadata says, else its announcement, else the config; iroh is passed over", () => {
  const apiEndpoints = new Map([0, 1, 2, 3].map((peer) => [peer, { url: `ws://config${peer}/`, name: "" }]));
  const config = { global: { apiEndpoints } } as unknown as ClientConfig;
  const announcements = new Map([
    [0, announced(0, 1n, "ws://announced0/")],
    [1, announced(1, 1n, "ws://announced1/")],
    [2, announced(2, 1n, "iroh://2222/")],
  ]);
  const metadata = new Map([
    [0, metadataOf(0, NOW_SECS, "wss://metadata0/", "ws://second/")],
    [2, metadataOf(2, NOW_SECS, "iroh://1111/")],
    [3, metadataOf(3, NOW_SECS)],
  ]);
  assertEquals([...currentUrls(config, announcements, metadata).values()], [
    "wss://metadata0/",
    "ws://announced1/",
    "ws://config2/",
    "ws://config3/",
  ]);
});
