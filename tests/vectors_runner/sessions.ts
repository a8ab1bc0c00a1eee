/** Consensus items and sessions of `types.json`. */
import { realPlatform } from "../../actors/platform/real.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromHex } from "../../core/bytes.ts";
import { keychainDigest, keychainSign, keychainTag, publicKeyOf } from "../../core/crypto/mod.ts";
import { decodeHex, encode, encodeHex, moduleEncoding, moduleEncodingBase64 } from "../../core/encoding/mod.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { AcceptedItem } from "../../core/types/session.ts";
import {
  acceptedItem,
  consensusItem,
  headerOf,
  sessionOutcome,
  sessionStatus,
  sessionStatusV2,
  signedSessionOutcome,
} from "../../core/types/session.ts";
import { SessionTree } from "../../core/types/session_tree.ts";
import { modulesWith } from "../../server/consensus/engine/transaction.ts";
import { checkOutcome, checkSignatures, checkSigners } from "../../server/consensus/session/fetched_outcome.ts";
import { makeKeychain } from "../../server/consensus/session/keychain.ts";
import type { Keychain } from "../../server/broadcast/keychain.ts";
import type { Report } from "./checker.ts";
import type { Fields } from "./fields.ts";
import type { Instances } from "./modules.ts";
import { checkDyn, decodersOf } from "./modules.ts";

const { clock, dice } = realPlatform();

/** Of whoever checks: it signs nothing. */
function keychainOf(keys: ReadonlyMap<number, Bytes>): Keychain {
  return makeKeychain({ identity: 0, broadcastKeys: keys, secretKey: new Uint8Array(32).fill(1), dice });
}

/** The tree over the items, and their hashes. */
function treeOver(items: readonly AcceptedItem[]): { readonly tree: SessionTree; readonly leaves: Bytes[] } {
  const tree = new SessionTree(), leaves: Bytes[] = [];
  for (const item of items) tree.add(encode(acceptedItem, item), (height, _, node) => height > 0 || leaves.push(node));
  return { tree, leaves };
}

export function checkConsensusItem(report: Report, fields: Fields, instances: Instances): void {
  const item = report.roundTrip(consensusItem, fields.text("consensus_item"));
  const accepted = { item, peer: fields.number("peer") };
  report.equal("accepted item", encodeHex(acceptedItem, accepted), fields.text("accepted_item"));
  report.roundTrip(acceptedItem, fields.text("accepted_item"));
  report.equal("leaf hash", treeOver([accepted]).tree.root(), fields.text("accepted_item_sha256"));
  if (item.tag === "Module") checkDyn(instances, "consensusItem", item.value);
}

export async function checkSession(report: Report, fields: Fields, secretKeys: readonly Bytes[]): Promise<void> {
  const keys = secretKeys.map(publicKeyOf), tag = keychainTag(keys), peers = numPeers(keys.length);
  const index = fields.bigint("index");
  const items = fields.texts("items").map((hex) => report.roundTrip(acceptedItem, hex));
  const outcome = { items };
  const { tree, leaves } = treeOver(items);
  const header = headerOf(index, tree.root());
  report.equal("outcome", encodeHex(sessionOutcome, outcome), fields.text("session_outcome"));
  report.roundTrip(sessionOutcome, fields.text("session_outcome"));
  report.equal("leaf hashes", leaves, fields.texts("leaf_hashes"));
  report.equal("merkle root", tree.root(), fields.text("merkle_root"));
  report.equal("header", header, fields.text("header"));
  report.equal("message", keychainDigest(tag, header), fields.text("message"));
  const signatures = new Map(
    [...fields.textMap("aux_rand")].map(([peer, auxRand]): [number, Bytes] => [
      Number(peer),
      keychainSign(tag, header, secretKeys[Number(peer)]!, fromHex(auxRand)),
    ]),
  );
  const signed = { sessionOutcome: outcome, signatures };
  report.equal("signed outcome", encodeHex(signedSessionOutcome, signed), fields.text("signed_session_outcome"));
  report.roundTrip(signedSessionOutcome, fields.text("signed_session_outcome"));
  const keychain = keychainOf(new Map(keys.entries()));
  checkSigners(signatures, peers);
  checkSignatures(header, signatures, keychain);
  const other = headerOf(index ^ 1n, tree.root());
  await report.refused("another session", () => checkSignatures(other, signatures, keychain));

  const status = report.roundTrip(sessionStatus, fields.text("status"));
  report.equal("status", encodeHex(sessionStatus, { tag: "Complete", value: outcome }), fields.text("status"));
  report.json(moduleEncoding(sessionStatus), status, fields.text("status_json"));
  const statusV2 = report.roundTrip(sessionStatusV2, fields.text("status_v2"));
  report.equal("status v2", encodeHex(sessionStatusV2, { tag: "Complete", value: signed }), fields.text("status_v2"));
  report.json(moduleEncodingBase64(sessionStatusV2), statusV2, fields.text("status_v2_json_base64"));
}

/** As guardians take it: they want exactly a threshold of signatures, where the reference's own check takes more. */
export async function checkVerification(report: Report, fields: Fields, instances: Instances): Promise<void> {
  const keys = new Map(
    [...fields.textMap("broadcast_public_keys")].map(([peer, key]): [number, Bytes] => [Number(peer), fromHex(key)]),
  );
  const peers = numPeers(keys.size);
  const signed = report.roundTrip(signedSessionOutcome, fields.text("signed_session_outcome"));
  const modules = modulesWith(new Map(), decodersOf(instances));
  const args = { session: Number(fields.bigint("index")), peers, keychain: keychainOf(keys), modules, clock };
  const checked = await checkOutcome(encode(signedSessionOutcome, signed), args);
  const isTaken = fields.bool("valid") && signed.signatures.size === peers.threshold;
  report.equal("taken", typeof checked !== "string", isTaken);
}

/** Initial without items, else pending. */
export function checkSessionStatus(report: Report, fields: Fields): void {
  const items = fields.has("items") ? fields.texts("items").map((hex) => decodeHex(acceptedItem, hex)) : null;
  const status = items === null ? { tag: "Initial", value: null } as const : { tag: "Pending", value: items } as const;
  report.equal("status", encodeHex(sessionStatus, status), fields.text("status"));
  report.roundTrip(sessionStatus, fields.text("status"));
  report.equal("status v2", encodeHex(sessionStatusV2, status), fields.text("status_v2"));
  report.roundTrip(sessionStatusV2, fields.text("status_v2"));
}
