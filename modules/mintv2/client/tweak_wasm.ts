/**
 * SHA-256 of four tweaks at once, as a WebAssembly module of one function that is put together here: JavaScript has no
 * instructions on four words. The rounds are those of `core/crypto/wasm/sha256_code.ts`; opcodes of the WebAssembly
 * specification 2.0, §5.4.
 */
import type { Code } from "../../../core/wasm_code.ts";
import { int, simd } from "../../../core/crypto/wasm/assembly.ts";
import { sha256Rounds } from "../../../core/crypto/wasm/sha256_code.ts";
import { get, I32, set, unsignedLeb, V128, wasmModule } from "../../../core/wasm_code.ts";

/** Where in the module's memory, in bytes: the block's 16 words, the hash's 64 constants, its 8 first values. */
export const BLOCK_AT = 0, CONSTANTS_AT = 64, INITIAL_AT = CONSTANTS_AT + 256;

/**
 * @param start the block's fourth word for the first try; it grows by one a try
 * @param groups of four tries
 * @returns the first try whose hash begins with 16 zero bits, or -1
 */
export type Search = (start: number, groups: number) => number;

/** Where groups of tweaks to be tested are: of each its four words, of each word those of the four tweaks. */
export const TWEAKS_AT = 1_024, GROUP_BYTES = 64;
/** What fits into the module's page. */
export const GROUPS_MAX = (65_536 - TWEAKS_AT) / GROUP_BYTES;

/**
 * @param from the first group @param groups where they end
 * @returns 16 times the first group with a tweak that passes, and a bit for each that does; or -1
 */
export type Test = (from: number, groups: number) => number;

const EMPTY_BLOCK = 0x40;
const LOOP = 0x03, IF = 0x04, END = 0x0b, BRANCH = 0x0c, RETURN = 0x0f;
const I32_GE_U = 0x4f, I32_CTZ = 0x68, I32_ADD = 0x6a, I32_SHL = 0x74;

const ANY = simd(0x53),
  SPLAT = simd(0x11),
  EQUAL = simd(0x37),
  BITMASK = simd(0xa4),
  SHR = simd(0xad),
  ADD = simd(0xae);
const lanes = (...words: readonly number[]): Code => [
  ...simd(0x0c),
  ...new Uint8Array(Int32Array.from(words).buffer),
];
/** The word that lies `offset` bytes after the address on the stack, in all lanes. */
const loadSplat = (offset: number): Code => [...simd(0x09), 2, ...unsignedLeb(offset)];

const START = 0, GROUPS = 1, GROUP = 2, ROUND_AT = 3;
const W = Array.from({ length: 16 }, (_, i) => 4 + i);
const STATE = Array.from({ length: 8 }, (_, i) => 20 + i);
const SUM = 28;
const VARYING_WORD = 3;

/** The word of a group's tweaks `offset` bytes behind the group's beginning, which is on the stack. */
const loadLanes = (offset: number): Code => [...simd(0x00), 4, ...unsignedLeb(offset)];

const sixteen = (part: (i: number) => Code): Code => W.flatMap((_, i) => part(i));

/** What a group adds to the block. `found` returns; whose lanes passed is in SUM. */
const overGroups = (tweaks: Code, found: Code): Code => [
  ...[LOOP, EMPTY_BLOCK],
  ...[...get(GROUP), ...get(GROUPS), I32_GE_U, IF, EMPTY_BLOCK, ...int(-1), RETURN, END],
  ...sixteen((i) => [...int(0), ...loadSplat(BLOCK_AT + 4 * i), ...set(W[i]!)]),
  ...tweaks,
  ...STATE.flatMap((local, i) => [...int(0), ...loadSplat(INITIAL_AT + 4 * i), ...set(local)]),
  ...sha256Rounds({ block: W, state: STATE, sum: SUM, roundAt: ROUND_AT }, CONSTANTS_AT),
  ...[...get(STATE[0]!), ...int(0), ...loadSplat(INITIAL_AT), ...ADD],
  ...[...int(16), ...SHR, ...lanes(0, 0, 0, 0), ...EQUAL, ...set(SUM)],
  ...[...get(SUM), ...ANY, IF, EMPTY_BLOCK, ...found, RETURN, END],
  ...[...get(GROUP), ...int(1), I32_ADD, ...set(GROUP), BRANCH, 0, END],
  // never reached: the loop is left by a return
  ...int(-1),
];

const searchBody = (): Code =>
  overGroups(
    [
      ...[...get(START), ...get(GROUP), ...int(2), I32_SHL, I32_ADD, ...SPLAT],
      ...[...lanes(0, 1, 2, 3), ...ADD, ...set(W[VARYING_WORD]!)],
    ],
    [...get(GROUP), ...int(2), I32_SHL, ...get(SUM), ...BITMASK, I32_CTZ, I32_ADD],
  );

/** The first parameter is the group. */
const testBody = (): Code => [
  ...[...get(START), ...set(GROUP)],
  ...overGroups(
    [0, 1, 2, 3].flatMap((word) => [
      ...[...get(GROUP), ...int(6), I32_SHL, ...loadLanes(TWEAKS_AT + 16 * word), ...set(W[word]!)],
    ]),
    [...get(GROUP), ...int(4), I32_SHL, ...get(SUM), ...BITMASK, I32_ADD],
  ),
];

/** Exports `memory` (a page), `search` and `test`. Put together when it is asked for: most commands never do. */
export function searchModule(): Uint8Array<ArrayBuffer> {
  const shape = {
    parameters: [I32, I32],
    results: [I32],
    locals: [[2, I32], [W.length + STATE.length + 1, V128]],
  } as const;
  return wasmModule(
    [{ name: "search", ...shape, body: searchBody() }, { name: "test", ...shape, body: testBody() }],
    1,
  );
}
