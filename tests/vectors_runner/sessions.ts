/** Consensus items and sessions of `types.json`. */
import type { Bytes } from "../../core/bytes.ts";
import { fromHex } from "../../core/bytes.ts";
import { schnorrSign } from "../../core/crypto/mod.ts";
import { decodeHex, encodeHex, moduleEncoding, moduleEncodingBase64 } from "../../core/encoding/mod.ts";
import type { BroadcastKeys } from "../../core/types/broadcast_keys.ts";
import { broadcastTag } from "../../core/types/broadcast_keys.ts";
import {
  acceptedItem,
  consensusItem,
  leafHash,
  merkleRoot,
  sessionHeader,
  sessionOutcome,
  sessionStatus,
  sessionStatusV2,
  signedSessionOutcome,
} from "../../core/types/session.ts";
import { sessionMessage, verifySignedSession } from "../../core/types/session_signing.ts";
import type { Report } from "./checker.ts";
import type { Fields } from "./fields.ts";
import type { Instances } from "./modules.ts";
import { checkDyn } from "./modules.ts";

export function checkConsensusItem(report: Report, fields: Fields, instances: Instances): void {
  const item = report.roundTrip(consensusItem, fields.text("consensus_item"));
  const accepted = { item, peer: fields.number("peer") };
  report.equal("accepted item", encodeHex(acceptedItem, accepted), fields.text("accepted_item"));
  report.roundTrip(acceptedItem, fields.text("accepted_item"));
  report.equal("leaf hash", leafHash(accepted), fields.text("accepted_item_sha256"));
  if (item.tag === "Module") checkDyn(instances, "consensusItem", item.value);
}

export function checkSession(
  report: Report,
  fields: Fields,
  keys: BroadcastKeys,
  secretKeys: readonly Bytes[],
): void {
  const index = fields.bigint("index");
  const items = fields.texts("items").map((hex) => report.roundTrip(acceptedItem, hex));
  const outcome = { items };
  const leaves = items.map(leafHash);
  report.equal("outcome", encodeHex(sessionOutcome, outcome), fields.text("session_outcome"));
  report.roundTrip(sessionOutcome, fields.text("session_outcome"));
  report.equal("leaf hashes", leaves, fields.texts("leaf_hashes"));
  report.equal("merkle root", merkleRoot(leaves), fields.text("merkle_root"));
  report.equal("header", sessionHeader(index, outcome), fields.text("header"));
  const message = sessionMessage(broadcastTag(keys), index, outcome);
  report.equal("message", message, fields.text("message"));
  const signatures = new Map(
    [...fields.textMap("aux_rand")].map(([peer, auxRand]): [number, Bytes] => [
      Number(peer),
      schnorrSign(message, secretKeys[Number(peer)]!, fromHex(auxRand)),
    ]),
  );
  const signed = { sessionOutcome: outcome, signatures };
  report.equal("signed outcome", encodeHex(signedSessionOutcome, signed), fields.text("signed_session_outcome"));
  report.roundTrip(signedSessionOutcome, fields.text("signed_session_outcome"));
  report.equal("verification", verifySignedSession(signed, index, keys), true);
  report.equal("verification of another session", verifySignedSession(signed, index ^ 1n, keys), false);

  const status = report.roundTrip(sessionStatus, fields.text("status"));
  report.equal("status", encodeHex(sessionStatus, { tag: "Complete", value: outcome }), fields.text("status"));
  report.json(moduleEncoding(sessionStatus), status, fields.text("status_json"));
  const statusV2 = report.roundTrip(sessionStatusV2, fields.text("status_v2"));
  report.equal("status v2", encodeHex(sessionStatusV2, { tag: "Complete", value: signed }), fields.text("status_v2"));
  report.json(moduleEncodingBase64(sessionStatusV2), statusV2, fields.text("status_v2_json_base64"));
}

export function checkVerification(report: Report, fields: Fields): void {
  const keys = new Map(
    [...fields.textMap("broadcast_public_keys")].map(([peer, key]): [number, Bytes] => [Number(peer), fromHex(key)]),
  );
  const signed = report.roundTrip(signedSessionOutcome, fields.text("signed_session_outcome"));
  report.equal("valid", verifySignedSession(signed, fields.bigint("index"), keys), fields.bool("valid"));
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
