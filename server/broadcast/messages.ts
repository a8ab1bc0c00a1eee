/**
 * What guardians send each other: `NetworkData`. `fedimint-aleph-bft` network.rs, member.rs, alerts/mod.rs,
 * runway/collection.rs, `aleph-bft-rmc`; docs/protocol/03-consensus.md §A3.
 */
import type { Bytes } from "../../core/bytes.ts";
import type { Codec } from "../../core/encoding/codec.ts";
import { encode } from "../../core/encoding/codec.ts";
import { tryDecoding } from "../../core/encoding/error.ts";
import { Reader } from "../../core/encoding/io.ts";
import type { Result } from "../../core/result.ts";
import { err } from "../../core/result.ts";
import { hashOf } from "./hash.ts";
import { BATCH_BYTES_MAX } from "./limits.ts";
import type { NodeMap } from "./scale.ts";
import { hash32, nodeIndex, nodeMap, option, signature64, struct, u64Le, variants, vector } from "./scale.ts";
import type { UnitCoord } from "./graph/unit.ts";
import { type SignedUnit, signedUnit, unitCoord } from "./graph/unit.ts";

/**
 * An accusation: two different units of one creator and round, and all units of that creator that the sender accepted
 * before.
 */
export type Alert = {
  readonly sender: number;
  readonly proof: ForkProof;
  readonly legitUnits: readonly SignedUnit[];
};
export type ForkProof = { readonly first: SignedUnit; readonly second: SignedUnit };

const forkProof: Codec<ForkProof> = struct("ForkProof", { first: signedUnit, second: signedUnit });
const alert: Codec<Alert> = struct("Alert", {
  sender: nodeIndex,
  proof: forkProof,
  legitUnits: vector(signedUnit),
});

/** Its hash, 32 bytes, is what the sender signs and what reliable multicast is about. */
export function alertHash(value: Alert): Bytes {
  return hashOf(encode(alert, value));
}

/** Signed as its encoding itself, without hashing. `unit` = the newest unit of `requester` that the responder has. */
export type NewestUnitResponse = {
  readonly requester: number;
  readonly responder: number;
  readonly unit: SignedUnit | null;
  readonly salt: bigint;
};
export const newestUnitResponse: Codec<NewestUnitResponse> = struct("NewestUnitResponse", {
  requester: nodeIndex,
  responder: nodeIndex,
  unit: option(signedUnit),
  salt: u64Le,
});

/** Requests carry whom to answer, which need not be whom they came from. */
export type UnitMessage =
  | { readonly tag: "newUnit"; readonly value: SignedUnit }
  | { readonly tag: "requestCoord"; readonly value: { readonly asker: number; readonly coord: UnitCoord } }
  | { readonly tag: "responseCoord"; readonly value: SignedUnit }
  | { readonly tag: "requestParents"; readonly value: { readonly asker: number; readonly hash: Bytes } }
  | {
    readonly tag: "responseParents";
    readonly value: { readonly hash: Bytes; readonly parents: readonly SignedUnit[] };
  }
  | { readonly tag: "requestNewest"; readonly value: { readonly asker: number; readonly salt: bigint } }
  | {
    readonly tag: "responseNewest";
    readonly value: { readonly response: NewestUnitResponse; readonly signature: Bytes };
  };

const unitMessage: Codec<UnitMessage> = variants("UnitMessage", {
  newUnit: signedUnit,
  requestCoord: struct("RequestCoord", { asker: nodeIndex, coord: unitCoord }),
  responseCoord: signedUnit,
  requestParents: struct("RequestParents", { asker: nodeIndex, hash: hash32 }),
  responseParents: struct("ResponseParents", { hash: hash32, parents: vector(signedUnit) }),
  requestNewest: struct("RequestNewest", { asker: nodeIndex, salt: u64Le }),
  responseNewest: struct("ResponseNewest", { response: newestUnitResponse, signature: signature64 }),
}) as Codec<UnitMessage>;

/** Reliable multicast of an alert's hash: one guardian's signature, or those of a threshold. */
export type Multicast =
  | {
    readonly tag: "signedHash";
    readonly value: { readonly hash: Bytes; readonly index: number; readonly signature: Bytes };
  }
  | { readonly tag: "multisignedHash"; readonly value: { readonly hash: Bytes; readonly signatures: NodeMap<Bytes> } };

const multicast: Codec<Multicast> = variants("Rmc", {
  signedHash: struct("SignedHash", { hash: hash32, index: nodeIndex, signature: signature64 }),
  multisignedHash: struct("MultisignedHash", { hash: hash32, signatures: nodeMap(signature64) }),
});

export type SignedAlert = { readonly alert: Alert; readonly signature: Bytes };
export const signedAlert: Codec<SignedAlert> = struct("ForkAlert", { alert, signature: signature64 });

export type AlertMessage =
  | { readonly tag: "forkAlert"; readonly value: SignedAlert }
  | { readonly tag: "multicast"; readonly value: { readonly sender: number; readonly message: Multicast } }
  | { readonly tag: "requestAlert"; readonly value: { readonly asker: number; readonly hash: Bytes } };

const alertMessage: Codec<AlertMessage> = variants("AlertMessage", {
  forkAlert: signedAlert,
  multicast: struct("RmcMessage", { sender: nodeIndex, message: multicast }),
  requestAlert: struct("AlertRequest", { asker: nodeIndex, hash: hash32 }),
});

export type NetworkData =
  | { readonly tag: "units"; readonly value: UnitMessage }
  | { readonly tag: "alert"; readonly value: AlertMessage };

const networkData: Codec<NetworkData> = variants("NetworkData", {
  units: unitMessage,
  alert: alertMessage,
}) as Codec<NetworkData>;

export function encodeMessage(message: NetworkData): Bytes {
  return encode(networkData, message);
}

/** Units of a message whose data might get ordered; those of a fork proof never are. */
export function orderableUnits(message: NetworkData): readonly SignedUnit[] {
  const { tag, value } = message.value;
  switch (tag) {
    case "newUnit":
    case "responseCoord":
      return [value];
    case "responseParents":
      return value.parents;
    case "responseNewest":
      return value.response.unit === null ? [] : [value.response.unit];
    case "forkAlert":
      return value.alert.legitUnits;
    default:
      return [];
  }
}

/**
 * A message as it came. Bytes after it are ignored, as the reference does. The error says why it is dropped: it doesn't
 * decode, or one of its batches is over the limit.
 */
export function decodeMessage(bytes: Uint8Array): Result<NetworkData, string> {
  const message = tryDecoding(() => networkData.read(new Reader(bytes)));
  if (!message.ok) return err(message.error.message);
  for (const { data } of orderableUnits(message.value)) {
    if (data?.kind === "batch" && data.bytes.length > BATCH_BYTES_MAX) {
      return err(`a batch of ${data.bytes.length} bytes exceeds ${BATCH_BYTES_MAX}`);
    }
  }
  return message;
}
