/**
 * SHA-256 of four messages at once: a word of the hash is a vector whose lanes belong to four messages. FIPS 180-4;
 * opcodes of the WebAssembly specification 2.0, §5.4.
 */
import type { Code } from "../../wasm_code.ts";
import { get, set, unsignedLeb } from "../../wasm_code.ts";
import type { Assembly, Ref } from "./assembly.ts";
import { int, loadVector, OP, simd, storeVector, swizzled } from "./assembly.ts";

// deno-fmt-ignore
export const SHA256_CONSTANTS = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);

// deno-fmt-ignore
export const SHA256_INITIAL = Int32Array.of(
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
);

const BLOCK_WORDS = 16, STATE_WORDS = 8, ROUNDS = 64;
/** Messages that are hashed at once. */
export const LANES = 4;
export const DIGEST_BYTES = 32, MESSAGE_BLOCK_BYTES = 64;
const VECTOR_BYTES = 16;

const BLOCK = 0x02, BRANCH = 0x0c;
const XOR = simd(0x51), OR = simd(0x50), SELECT = simd(0x52), SHL = simd(0xab), SHR = simd(0xad), ADD = simd(0xae);
/** The word that lies `offset` bytes after the address on the stack, in all lanes. */
const loadSplat = (offset: number): Code => [...simd(0x09), 0, ...unsignedLeb(offset)];

/** Vectors with the block's words and the state, another one, and a word of 32 bits that is 0. */
export type Sha256Locals = {
  readonly block: readonly number[];
  readonly state: readonly number[];
  readonly sum: number;
  readonly roundAt: number;
};

const shifted = (x: number, by: number): Code => get(x).concat(int(by), SHR);
const rotated = (x: number, by: number): Code => shifted(x, by).concat(get(x), int(32 - by), SHL, OR);
const mixed = (one: Code, two: Code, three: Code): Code => one.concat(two, XOR, three, XOR);

/** Round `i` of 16: names of the state move by one a round, and after 16 they are where they were. */
function round(i: number, { block, state, sum, roundAt }: Sha256Locals, constantsAt: number): Code {
  const name = (at: number): number => state[(at - i + BLOCK_WORDS) % STATE_WORDS]!;
  const [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map(name) as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  return [
    ...[...get(h), ...mixed(rotated(e, 6), rotated(e, 11), rotated(e, 25)), ...ADD],
    ...[...get(f), ...get(g), ...get(e), ...SELECT, ...ADD],
    ...[...get(roundAt), ...loadSplat(constantsAt + 4 * i), ...ADD, ...get(block[i]!), ...ADD, ...set(sum)],
    ...[...get(d), ...get(sum), ...ADD, ...set(d)],
    ...[...get(sum), ...mixed(rotated(a, 2), rotated(a, 13), rotated(a, 22)), ...ADD],
    // the majority of three: c where a and b differ, else a
    ...[...get(c), ...get(a), ...get(a), ...get(b), ...XOR, ...SELECT, ...ADD, ...set(h)],
  ];
}

/** Word `i` of the next 16 of the schedule, in place of that of the last 16. */
function scheduled(i: number, { block }: Sha256Locals): Code {
  const w = (at: number): number => block[at % BLOCK_WORDS]!;
  const x = w(i + 1), y = w(i + 14);
  return [
    ...[...get(w(i)), ...mixed(rotated(x, 7), rotated(x, 18), shifted(x, 3)), ...ADD],
    ...[...get(w(i + 9)), ...ADD, ...mixed(rotated(y, 17), rotated(y, 19), shifted(y, 10)), ...ADD, ...set(w(i))],
  ];
}

const each = (count: number, part: (i: number) => Code): Code =>
  Array.from({ length: count }, (_, i) => part(i)).flat();

/** All rounds; what the state was before isn't added. @param constantsAt where `SHA256_CONSTANTS` are in memory */
export function sha256Rounds(locals: Sha256Locals, constantsAt: number): Code {
  const { roundAt } = locals;
  return [
    ...[...int(0), ...set(roundAt)],
    ...[BLOCK, OP.EMPTY_BLOCK, OP.LOOP, OP.EMPTY_BLOCK],
    ...each(BLOCK_WORDS, (i) => round(i, locals, constantsAt)),
    ...[...get(roundAt), ...int(4 * BLOCK_WORDS), OP.I32_ADD, ...set(roundAt)],
    ...[...get(roundAt), ...int(4 * ROUNDS), OP.I32_EQ, OP.BRANCH_IF, 1],
    ...each(BLOCK_WORDS, (i) => scheduled(i, locals)),
    ...[BRANCH, 0, OP.END, OP.END],
  ];
}

/** Words of 32 bits, as a constant of the memory. */
function constant(assembly: Assembly, words: Int32Array): Ref {
  return assembly.constant([...new BigInt64Array(words.slice().buffer)]);
}

const loadLane = (lane: number, bytes: number): Code => [...simd(0x56), 0, ...unsignedLeb(bytes), lane];
const storeLane = (lane: number, bytes: number): Code => [...simd(0x5a), 0, ...unsignedLeb(bytes), lane];

/** From the last byte of each word to its first. */
const flipped = (vector: Code): Code => swizzled(vector, (byte) => byte ^ 3);

/**
 * Functions on four messages at once, whose hash begins with `sha256Begin`; `stride` bytes from one to the next:
 * `sha256Block(messages, stride)` takes a block of each in, `sha256Digests(into, stride)` and
 * `sha256Numbers(into, stride)` write the hashes, as bytes and as numbers with the lowest byte first.
 */
export function defineSha256(assembly: Assembly): void {
  const constants = constant(assembly, SHA256_CONSTANTS), initial = constant(assembly, SHA256_INITIAL);
  const state = assembly.reserve(STATE_WORDS * VECTOR_BYTES);
  assembly.define("sha256Begin", 0, (body) => {
    for (let i = 0; i < STATE_WORDS; i++) {
      body.emit(storeVector(state, VECTOR_BYTES * i, [...int(0), ...loadSplat(initial.offset + 4 * i)]));
    }
  });
  assembly.define("sha256Block", 2, (body) => {
    const at = body.ints(LANES), [roundAt] = body.ints(1) as [number], block = body.vectors(BLOCK_WORDS);
    const words = body.vectors(STATE_WORDS), [sum] = body.vectors(1) as [number];
    body.emit(lanesFrom(at));
    for (const [i, word] of block.entries()) {
      // a lane is loaded into what is there
      body.emit(get(at[0]!), loadSplat(4 * i), set(word));
      for (let lane = 1; lane < LANES; lane++) body.emit(get(at[lane]!), get(word), loadLane(lane, 4 * i), set(word));
      body.emit(flipped(get(word)), set(word));
    }
    for (const [i, word] of words.entries()) body.emit(loadVector(state, VECTOR_BYTES * i), set(word));
    body.emit(sha256Rounds({ block, state: words, sum, roundAt }, constants.offset));
    for (const [i, word] of words.entries()) {
      body.emit(storeVector(state, VECTOR_BYTES * i, [...loadVector(state, VECTOR_BYTES * i), ...get(word), ...ADD]));
    }
  });
  const written = (name: string, bytes: (word: number) => number, value: (vector: Code) => Code): void =>
    assembly.define(name, 2, (body) => {
      const at = body.ints(LANES), [vector] = body.vectors(1) as [number];
      body.emit(lanesFrom(at));
      for (let word = 0; word < STATE_WORDS; word++) {
        body.emit(value(loadVector(state, VECTOR_BYTES * word)), set(vector));
        for (const [lane, address] of at.entries()) body.emit(get(address), get(vector), storeLane(lane, bytes(word)));
      }
    });
  written("sha256Digests", (word) => 4 * word, flipped);
  written("sha256Numbers", (word) => 4 * (STATE_WORDS - 1 - word), (vector) => vector);
}

/** Addresses of the lanes' bytes: the first parameter, and each the second one further. */
const lanesFrom = (at: readonly number[]): Code => [
  ...[...get(0), ...set(at[0]!)],
  ...at.slice(1).flatMap((address, i) => [...get(at[i]!), ...get(1), OP.I32_ADD, ...set(address)]),
];
