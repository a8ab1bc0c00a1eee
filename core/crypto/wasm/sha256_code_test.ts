import { sha256 } from "@noble/hashes/sha2.js";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { toHex } from "../../bytes.ts";
import { Assembly } from "./assembly.ts";
import { Memory } from "./memory.ts";
import { defineSha256, DIGEST_BYTES, LANES, MESSAGE_BLOCK_BYTES } from "./sha256_code.ts";

type Functions =
  & { readonly memory: WebAssembly.Memory; readonly sha256Begin: () => void }
  & { readonly [name in "sha256Block" | "sha256Digests" | "sha256Numbers"]: (at: number, stride: number) => void };

Deno.test("four messages of one length, of any number of blocks, have the library's hashes", () => {
  const assembly = new Assembly();
  defineSha256(assembly);
  const memory = new Memory<Functions>(assembly), { run } = memory;
  const stride = 320, messages = memory.reserve(LANES * stride), hashes = memory.reserve(LANES * 100);
  const four = fc.nat({ max: 300 - 9 }).chain((size) => {
    const message = fc.uint8Array({ minLength: size, maxLength: size });
    return fc.tuple(message, message, message, message);
  });
  fc.assert(
    fc.property(four, (four) => {
      const size = four[0].length, padded = Math.ceil((size + 9) / MESSAGE_BLOCK_BYTES) * MESSAGE_BLOCK_BYTES;
      for (const [lane, message] of four.entries()) {
        const bytes = memory.bytes.subarray(messages + lane * stride, messages + lane * stride + padded).fill(0);
        bytes.set(message);
        bytes[size] = 0x80;
        new DataView(bytes.buffer, bytes.byteOffset).setUint32(padded - 4, 8 * size);
      }
      run.sha256Begin();
      for (let block = 0; block < padded; block += MESSAGE_BLOCK_BYTES) run.sha256Block(messages + block, stride);
      const written = () =>
        four.map((_, lane) => memory.bytes.slice(hashes + lane * 100, hashes + lane * 100 + DIGEST_BYTES));
      const expected = four.map((message) => toHex(sha256(message)));
      run.sha256Digests(hashes, 100);
      assertEquals(written().map(toHex), expected);
      run.sha256Numbers(hashes, 100);
      assertEquals(written().map((number) => toHex(number.reverse())), expected);
    }),
    { numRuns: 200 },
  );
});
