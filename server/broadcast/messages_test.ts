import { assert, assertEquals } from "@std/assert";
import { concat, fromHex, toHex } from "../../core/bytes.ts";
import { BATCH_BYTES_MAX } from "./limits.ts";
import type { NetworkData } from "./messages.ts";
import { decodeMessage, encodeMessage } from "./messages.ts";
import { fastKeychains, makeUnit } from "./testing/network.ts";
import type { SignedUnit } from "./graph/unit.ts";

const keychains = fastKeychains(4);
const signature = new Uint8Array(64).fill(5);
const hash = new Uint8Array(32).fill(6);

function unitOf(bytes: number): SignedUnit {
  return makeUnit({ keychains, round: 0, creator: 1, data: { kind: "batch", bytes: new Uint8Array(bytes) } });
}

const small = unitOf(1);

function messagesWith(unit: SignedUnit): { readonly [name: string]: NetworkData } {
  const response = { requester: 1, responder: 2, unit, salt: 9n };
  const alert = { sender: 0, proof: { first: small, second: small }, legitUnits: [small, unit] };
  return {
    newUnit: { tag: "units", value: { tag: "newUnit", value: unit } },
    responseCoord: { tag: "units", value: { tag: "responseCoord", value: unit } },
    responseParents: { tag: "units", value: { tag: "responseParents", value: { hash, parents: [small, unit] } } },
    responseNewest: { tag: "units", value: { tag: "responseNewest", value: { response, signature } } },
    forkAlert: { tag: "alert", value: { tag: "forkAlert", value: { alert, signature } } },
  };
}

Deno.test("each message has its place in the enums", () => {
  const u = toHex(small.bytes);
  const h = toHex(hash);
  const s = toHex(signature);
  const index = (value: number): string => `0${value}00000000000000`;
  const heads: readonly (readonly [NetworkData, string])[] = [
    [messagesWith(small).newUnit!, `0000${u}`],
    [
      { tag: "units", value: { tag: "requestCoord", value: { asker: 2, coord: { round: 3, creator: 1 } } } },
      `0001${index(2)}0300${index(1)}`,
    ],
    [messagesWith(small).responseCoord!, `0002${u}`],
    [{ tag: "units", value: { tag: "requestParents", value: { asker: 2, hash } } }, `0003${index(2)}${h}`],
    [messagesWith(small).responseParents!, `0004${h}08${u}${u}`],
    [{ tag: "units", value: { tag: "requestNewest", value: { asker: 2, salt: 9n } } }, `0005${index(2)}${index(9)}`],
    [messagesWith(small).responseNewest!, `0006${index(1)}${index(2)}01${u}${index(9)}${s}`],
    [messagesWith(small).forkAlert!, `0100${index(0)}${u}${u}08${u}${u}${s}`],
    [
      {
        tag: "alert",
        value: {
          tag: "multicast",
          value: { sender: 2, message: { tag: "signedHash", value: { hash, index: 1, signature } } },
        },
      },
      `0101${index(2)}00${h}${index(1)}${s}`,
    ],
    [
      {
        tag: "alert",
        value: {
          tag: "multicast",
          value: { sender: 2, message: { tag: "multisignedHash", value: { hash, signatures: [signature, null] } } },
        },
      },
      `0101${index(2)}01${h}0801${s}00`,
    ],
    [{ tag: "alert", value: { tag: "requestAlert", value: { asker: 2, hash } } }, `0102${index(2)}${h}`],
  ];
  for (const [message, hex] of heads) {
    assertEquals(toHex(encodeMessage(message)), hex);
    const decoded = decodeMessage(fromHex(hex));
    assert(decoded.ok);
    assertEquals(toHex(encodeMessage(decoded.value)), hex);
  }
});

Deno.test("bytes after a message are ignored", () => {
  const bytes = encodeMessage(messagesWith(small).newUnit!);
  const decoded = decodeMessage(concat(bytes, Uint8Array.of(1, 2, 3)));
  assert(decoded.ok);
  assertEquals(encodeMessage(decoded.value), bytes);
});

Deno.test("a message with a batch over 50,000 bytes is dropped whole, at the limit it is not", () => {
  for (const [name, message] of Object.entries(messagesWith(unitOf(BATCH_BYTES_MAX)))) {
    assert(decodeMessage(encodeMessage(message)).ok, name);
  }
  for (const [name, message] of Object.entries(messagesWith(unitOf(BATCH_BYTES_MAX + 1)))) {
    const decoded = decodeMessage(encodeMessage(message));
    assertEquals(decoded.ok ? name : decoded.error, "a batch of 50001 bytes exceeds 50000");
  }
});

Deno.test("units of a fork's proof may be larger, as they are never ordered", () => {
  const big = unitOf(60_000);
  const alert = { sender: 0, proof: { first: big, second: big }, legitUnits: [] };
  const message: NetworkData = { tag: "alert", value: { tag: "forkAlert", value: { alert, signature } } };
  assert(decodeMessage(encodeMessage(message)).ok);
});

Deno.test("what isn't a message is said to be none", () => {
  for (const hex of ["", "02", "0007", "0103", "000001", "010100"]) {
    assert(!decodeMessage(fromHex(hex)).ok, hex);
  }
});
