import { assertEquals } from "@std/assert";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import type { Bytes } from "../../../../core/bytes.ts";
import { toHex } from "../../../../core/bytes.ts";
import { DerivableSecret } from "../../../../core/crypto/derive_secret.ts";
import { ChildKeys, SECRET_KEY_BYTES } from "./child_keys.ts";
import { BLOCK_AT, initialState, sha512Module, STATE_AT, STATE_BYTES } from "./sha512_wasm.ts";

const ROOT_BYTES = 64;
const EDGES = [0, 1, 0xff, 0x100, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];

function keyOf(keys: ChildKeys, index: number): string {
  const bytes = new Uint8Array(SECRET_KEY_BYTES + 8), view = new DataView(bytes.buffer);
  keys.write(index, view, 4);
  assertEquals([...bytes.subarray(0, 4), ...bytes.subarray(4 + SECRET_KEY_BYTES)], Array(8).fill(0));
  return toHex(bytes.subarray(4, 4 + SECRET_KEY_BYTES));
}

Deno.test("an index' key is the one that the module's secret derives, whoever asked before", () => {
  const secrets = [1, 2].map((fill) => DerivableSecret.root(new Uint8Array(16).fill(fill), new Uint8Array(4)));
  const keys = secrets.map((secret) => new ChildKeys(secret.toBytes().slice(-ROOT_BYTES) as Bytes));
  const check = (which: number, index: number): void =>
    assertEquals(keyOf(keys[which]!, index), toHex(secrets[which]!.child(index).secpKey()));
  for (const index of EDGES) for (const which of [0, 1]) check(which, index);
  const indices = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(fc.property(fc.nat({ max: 1 }), indices, check), { numRuns: 50 });
});

Deno.test("a message of many blocks is compressed to the library's hash", () => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(sha512Module()));
  const memory = new DataView((exports.memory as WebAssembly.Memory).buffer);
  const compress = exports.compress as () => void;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 600 }), (message) => {
      const padded = new Uint8Array(Math.ceil((message.length + 17) / 128) * 128);
      padded.set(message);
      padded[message.length] = 0x80;
      const blocks = new DataView(padded.buffer);
      blocks.setUint32(padded.length - 4, 8 * message.length);
      initialState().forEach((word, i) => memory.setBigUint64(STATE_AT + 8 * i, word, true));
      for (let at = 0; at < padded.length; at += 8) {
        memory.setBigUint64(BLOCK_AT + at % 128, blocks.getBigUint64(at), true);
        if (at % 128 === 120) compress();
      }
      const hash = new DataView(new ArrayBuffer(STATE_BYTES));
      for (let at = 0; at < STATE_BYTES; at += 8) hash.setBigUint64(at, memory.getBigUint64(STATE_AT + at, true));
      assertEquals(toHex(new Uint8Array(hash.buffer)), toHex(sha512(message)));
    }),
    { numRuns: 50 },
  );
});
