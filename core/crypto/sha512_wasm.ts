/**
 * SHA-512's compression as a WebAssembly module that is put together here: JavaScript has no numbers of 64 bits that
 * are fast. It does the one thing that needs thousands of them, PBKDF2. FIPS 180-4; opcodes of the WebAssembly
 * specification 2.0, §5.4.
 */
import type { Code } from "../wasm_code.ts";
import { get, I32, I64, leb, longLeb, set, tee, unsignedLeb, wasmModule } from "../wasm_code.ts";

/** Words of a state, and of a block: 64 bits each. */
export const STATE_WORDS = 8, BLOCK_WORDS = 16;
const ROUNDS = 80;

/** Where in the module's memory, in words: 80 constants, a block, the states after each pad, the sum of all rounds. */
const CONSTANTS_AT = 0;
export const BLOCK_AT = CONSTANTS_AT + ROUNDS;
export const INNER_AT = BLOCK_AT + BLOCK_WORDS, OUTER_AT = INNER_AT + STATE_WORDS, SUM_AT = OUTER_AT + STATE_WORDS;

/** Compresses the block: from the state at one place to that at another. Places in bytes. */
export type Compress = (from: number, to: number) => void;
/**
 * Rounds of PBKDF2 on the block, whose second half is the padding of 192 bytes: the block's first half becomes its
 * HMAC, again and again, and each is added to the sum, bit by bit.
 */
export type Repeat = (count: number) => void;

const EMPTY_BLOCK = 0x40, LOOP = 0x03, END = 0x0b, BRANCH_IF = 0x0d, CALL = 0x10;
const I32_LESS = 0x49, I32_ADD = 0x6a, I32_SUB = 0x6b;
const ADD = 0x7c, AND = 0x83, XOR = 0x85, SHIFT = 0x88, ROTATE = 0x8a;

const int = (value: number): Code => [0x41, ...leb(value)];
const long = (value: number): Code => [0x42, ...longLeb(BigInt(value))];
/** The word `at` words behind the address on the stack. */
const load = (at: number): Code => [0x29, 3, ...unsignedLeb(8 * at)];
const store = (at: number): Code => [0x37, 3, ...unsignedLeb(8 * at)];

const FROM = 0, TO = 1, ROUND_AT = 2;
const W = Array.from({ length: BLOCK_WORDS }, (_, i) => 3 + i);
const STATE = Array.from({ length: STATE_WORDS }, (_, i) => 3 + BLOCK_WORDS + i);
const SUM = 3 + BLOCK_WORDS + STATE_WORDS;

const rotated = (x: number, by: number): Code => [...get(x), ...long(by), ROTATE];
const shifted = (x: number, by: number): Code => [...get(x), ...long(by), SHIFT];
const mixed = (one: Code, two: Code, three: Code): Code => [...one, ...two, XOR, ...three, XOR];

/** Round `i` of 16: names of the state move by one a round, and after 16 they are where they were. */
function round(i: number): Code {
  const name = (at: number): number => STATE[(at - i + BLOCK_WORDS) % STATE_WORDS]!;
  const [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map(name) as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  return [
    ...[...get(h), ...mixed(rotated(e, 14), rotated(e, 18), rotated(e, 41)), ADD],
    // of each bit f's where e has one, else g's
    ...[...get(f), ...get(g), XOR, ...get(e), AND, ...get(g), XOR, ADD],
    ...[...get(ROUND_AT), ...load(CONSTANTS_AT + i), ADD, ...get(W[i]!), ADD, ...tee(SUM)],
    ...[...get(d), ADD, ...set(d)],
    ...[...get(SUM), ...mixed(rotated(a, 28), rotated(a, 34), rotated(a, 39)), ADD],
    // the majority of three
    ...[...get(a), ...get(b), XOR, ...get(c), ...get(b), XOR, AND, ...get(b), XOR, ADD, ...set(h)],
  ];
}

/** Word `i` of the next 16 of the schedule, in place of that of the last 16. */
function scheduled(i: number): Code {
  const w = (at: number): number => W[at % BLOCK_WORDS]!;
  const x = w(i + 1), y = w(i + 14);
  return [
    ...[...get(w(i)), ...mixed(rotated(x, 1), rotated(x, 8), shifted(x, 7)), ADD],
    ...[...get(w(i + 9)), ADD, ...mixed(rotated(y, 19), rotated(y, 61), shifted(y, 6)), ADD, ...set(w(i))],
  ];
}

const each = (count: number, part: (i: number) => Code): Code =>
  Array.from({ length: count }, (_, i) => part(i)).flat();

/** Sixteen rounds a turn; what the last turn schedules is for nobody. */
const compressBody = (): Code => [
  ...each(BLOCK_WORDS, (i) => [...int(0), ...load(BLOCK_AT + i), ...set(W[i]!)]),
  ...each(STATE_WORDS, (i) => [...get(FROM), ...load(i), ...set(STATE[i]!)]),
  ...[LOOP, EMPTY_BLOCK],
  ...each(BLOCK_WORDS, round),
  ...each(BLOCK_WORDS, scheduled),
  ...[...get(ROUND_AT), ...int(8 * BLOCK_WORDS), I32_ADD, ...tee(ROUND_AT), ...int(8 * ROUNDS), I32_LESS, BRANCH_IF, 0],
  ...[END],
  ...each(STATE_WORDS, (i) => [...get(TO), ...get(FROM), ...load(i), ...get(STATE[i]!), ADD, ...store(i)]),
];

const COMPRESS = 0, COUNT = 0;

const repeatBody = (): Code => [
  ...[LOOP, EMPTY_BLOCK],
  ...[...int(8 * INNER_AT), ...int(8 * BLOCK_AT), CALL, COMPRESS],
  ...[...int(8 * OUTER_AT), ...int(8 * BLOCK_AT), CALL, COMPRESS],
  ...each(STATE_WORDS, (i) => [
    ...[...int(0), ...int(0), ...load(SUM_AT + i), ...int(0), ...load(BLOCK_AT + i), XOR, ...store(SUM_AT + i)],
  ]),
  ...[...get(COUNT), ...int(1), I32_SUB, ...tee(COUNT), BRANCH_IF, 0],
  ...[END],
];

/** The first ones. */
function primes(count: number): bigint[] {
  const found: bigint[] = [];
  for (let n = 2n; found.length < count; n++) if (found.every((prime) => n % prime !== 0n)) found.push(n);
  return found;
}

/** The first 64 bits behind the point of a root. */
function fraction(root: 2n | 3n, of: bigint): bigint {
  const scaled = of << 64n * root;
  // Newton's steps come down to the root from above, and end there
  for (let above = BigInt(Math.ceil(Number(of) ** (1 / Number(root)) * 2 ** 40)) << 24n;;) {
    const below = ((root - 1n) * above + scaled / above ** (root - 1n)) / root;
    if (below >= above) return BigInt.asUintN(64, above);
    above = below;
  }
}

/** The state that hashes begin with: square roots of the first 8 primes. */
export function initialState(): BigUint64Array<ArrayBuffer> {
  return BigUint64Array.from(primes(STATE_WORDS), (prime) => fraction(2n, prime));
}

/** One a round: cube roots of the first 80 primes. */
export function roundConstants(): bigint[] {
  return primes(ROUNDS).map((prime) => fraction(3n, prime));
}

export type Sha512Machine = {
  /** Its memory, as words. */
  readonly words: BigUint64Array;
  readonly compress: Compress;
  readonly repeat: Repeat;
};

/** With its constants in place. */
export function sha512Machine(): Sha512Machine {
  const module = wasmModule([
    {
      name: "compress",
      parameters: [I32, I32],
      results: [],
      locals: [[1, I32], [BLOCK_WORDS + STATE_WORDS + 1, I64]],
      body: compressBody(),
    },
    { name: "repeat", parameters: [I32], results: [], locals: [], body: repeatBody() },
  ], 1);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
  const words = new BigUint64Array((exports.memory as WebAssembly.Memory).buffer);
  words.set(roundConstants(), CONSTANTS_AT);
  return { words, compress: exports.compress as Compress, repeat: exports.repeat as Repeat };
}
