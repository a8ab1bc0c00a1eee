/**
 * Every message and unit of a recording: decodes, encodes to the same bytes, has the recorded hashes, is signed by whom
 * it names.
 */
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes, fromHex, toHex } from "../../core/bytes.ts";
import { keychainTag } from "../../core/crypto/keychain.ts";
import { decode, encode } from "../../core/encoding/codec.ts";
import type { Keychain } from "../../server/broadcast/keychain.ts";
import type { Alert, NetworkData } from "../../server/broadcast/messages.ts";
import { alertHash, decodeMessage, encodeMessage, newestUnitResponse } from "../../server/broadcast/messages.ts";
import { membersOf } from "../../server/broadcast/scale.ts";
import { combineHashes, type SignedUnit, signedUnit, unitData } from "../../server/broadcast/graph/unit.ts";
import type { Recording } from "./recording.ts";
import { keychainOf } from "./recording.ts";

type Signed = { readonly what: string; readonly index: number; readonly message: Bytes; readonly signature: Bytes };

/** Each distinct signature is checked once: most messages come several times. */
export class Signatures {
  readonly #keychain: Keychain;
  readonly #checked = new Set<string>();

  constructor(recording: Recording) {
    this.#keychain = keychainOf(recording, 0);
  }

  get count(): number {
    return this.#checked.size;
  }

  /** Null when it is valid. */
  fault({ what, index, message, signature }: Signed): string | null {
    const key = `${index}:${toHex(message)}:${toHex(signature)}`;
    if (this.#checked.has(key)) return null;
    if (!this.#keychain.verify(index, message, signature)) return `${what} is not signed by ${index}`;
    this.#checked.add(key);
    return null;
  }
}

function signaturesOfUnit(unit: SignedUnit): Signed {
  return { what: "unit", index: unit.creator, message: unit.hash, signature: unit.signature };
}

function signaturesOfAlert(alert: Alert, signature: Bytes): Signed[] {
  const { first, second } = alert.proof;
  const own = { what: "alert", index: alert.sender, message: alertHash(alert), signature };
  return [own, ...[first, second, ...alert.legitUnits].map(signaturesOfUnit)];
}

function signaturesOf(data: NetworkData): Signed[] {
  const { tag, value } = data.value;
  switch (tag) {
    case "newUnit":
    case "responseCoord":
      return [signaturesOfUnit(value)];
    case "responseParents":
      return value.parents.map(signaturesOfUnit);
    case "responseNewest": {
      const { response, signature } = value;
      const message = encode(newestUnitResponse, response);
      const unit = response.unit ? [signaturesOfUnit(response.unit)] : [];
      return [{ what: "answer", index: response.responder, message, signature }, ...unit];
    }
    case "forkAlert":
      return signaturesOfAlert(value.alert, value.signature);
    case "multicast": {
      const { message: multicast } = value;
      const what = "alert's hash";
      if (multicast.tag === "signedHash") {
        const { hash, index, signature } = multicast.value;
        return [{ what, index, message: hash, signature }];
      }
      const { hash, signatures } = multicast.value;
      return signatures.flatMap((signature, index) => signature ? [{ what, index, message: hash, signature }] : []);
    }
    default:
      return [];
  }
}

function kindOf({ value }: NetworkData): string {
  if (value.tag === "multicast") {
    return value.value.message.tag === "signedHash" ? "RmcSignedHash" : "RmcMultisignedHash";
  }
  return value.tag === "requestAlert" ? "AlertRequest" : value.tag[0]!.toUpperCase() + value.tag.slice(1);
}

export function checkMessages(recording: Recording, signatures: Signatures): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const [number, { bytes, kind }] of recording.messages.entries()) {
    const hex = toHex(bytes);
    if (seen.has(hex)) continue;
    seen.add(hex);
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) {
      faults.push(`message ${number}: ${decoded.error}`);
      continue;
    }
    if (!equalBytes(encodeMessage(decoded.value), bytes)) faults.push(`message ${number} encodes to other bytes`);
    if (kindOf(decoded.value) !== kind) faults.push(`message ${number} is ${kindOf(decoded.value)}, not ${kind}`);
    for (const signed of signaturesOf(decoded.value)) {
      const fault = signatures.fault(signed);
      if (fault) faults.push(`message ${number}: ${fault}`);
    }
  }
  return faults;
}

export function checkUnits(recording: Recording, signatures: Signatures): string[] {
  const faults: string[] = [];
  const tag = keychainTag(recording.meta.keys.map((key) => fromHex(key.public)));
  if (toHex(tag) !== recording.meta.keysTag) faults.push("tag of the keys differs");
  for (const [number, recorded] of recording.units.entries()) {
    const bytes = fromHex(recorded.bytes);
    const unit = decode(signedUnit, bytes);
    const isKnown = recorded.mask.every((creator) => typeof recorded.parents?.[creator] === "string");
    const slots = (recorded.parents ?? []).map((hash) => hash === null ? null : fromHex(hash));
    const facts: readonly (readonly [string, unknown, unknown])[] = [
      ["bytes", toHex(encode(signedUnit, unit)), recorded.bytes],
      ["hash", unit.key, recorded.hash],
      [
        "place",
        `${unit.round} ${unit.creator} ${unit.session}`,
        `${recorded.round} ${recorded.creator} ${recorded.session}`,
      ],
      ["mask", membersOf(unit.mask).join(), recorded.mask.join()],
      ["control hash", toHex(unit.combinedHash), recorded.controlHash],
      // a unit that no graph took may have parents that the recording doesn't know
      ["parents' hash", isKnown ? toHex(combineHashes(slots)) : recorded.controlHash, recorded.controlHash],
      ["data", unit.data && toHex(encode(unitData, unit.data)), recorded.dataHex],
      ["signature", toHex(unit.signature), recorded.signature],
      ["signed by its creator", signatures.fault(signaturesOfUnit(unit)), null],
    ];
    for (const [name, found, expected] of facts) {
      if (found !== expected) faults.push(`unit ${number}: ${name} is ${found}, not ${expected}`);
    }
  }
  return faults;
}
