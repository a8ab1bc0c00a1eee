/**
 * SHA-512's compression of one block as a WebAssembly module that is put together here: JavaScript has no numbers of 64
 * bits that are fast. FIPS 180-4, §4.2.3, §5.3.5, §6.4.2.
 */
import type { Code } from "../../../../core/wasm_code.ts";
import { get, I64, leb, longLeb, set, tee, wasmModule } from "../../../../core/wasm_code.ts";

/** In bytes: a state has eight words of 64 bits, each with its lowest byte first, a block has sixteen. */
export const STATE_BYTES = 64, BLOCK_BYTES = 128;
/** Where in the module's memory the state and the block are. */
export const STATE_AT = 0, BLOCK_AT = STATE_BYTES;

/** Takes the block into the state. */
export type Compress = () => void;

const ROUNDS = 80, BLOCK_WORDS = 16, STATE_WORDS = 8;

const ADD: Code = [0x7c], AND: Code = [0x83], OR: Code = [0x84], XOR: Code = [0x85];
const constant = (value: bigint): Code => [0x42, ...longLeb(BigInt.asIntN(64, value))];
const rotated = (x: number, right: number): Code => [...get(x), ...constant(BigInt(right)), 0x8a];
const shifted = (x: number, right: number): Code => [...get(x), ...constant(BigInt(right)), 0x88];
const int = (value: number): Code => [0x41, ...leb(value)];
/** The word at an address of the memory. */
const load = (at: number): Code => [...int(at), 0x29, 3, 0];
const store = (at: number, value: Code): Code => [...int(at), ...value, 0x37, 3, 0];

/** The largest number whose power is at most `value`. */
function root(value: bigint, power: bigint): bigint {
  let low = 0n, high = 1n << 80n;
  while (high - low > 1n) {
    const middle = low + high >> 1n;
    if (middle ** power <= value) low = middle;
    else high = middle;
  }
  return low;
}

function primes(count: number): bigint[] {
  const found: bigint[] = [];
  for (let n = 2n; found.length < count; n++) if (found.every((prime) => n % prime !== 0n)) found.push(n);
  return found;
}

/** First 64 bits of the fractional parts of the primes' roots. */
function fractions(count: number, power: bigint): bigint[] {
  return primes(count).map((prime) => BigInt.asUintN(64, root(prime << 64n * power, power)));
}

/** What a hash begins with. */
export function initialState(): BigUint64Array<ArrayBuffer> {
  return BigUint64Array.from(fractions(STATE_WORDS, 2n));
}

const W = Array.from({ length: BLOCK_WORDS }, (_, i) => i);
const STATE = Array.from({ length: STATE_WORDS }, (_, i) => BLOCK_WORDS + i);
const SUM = BLOCK_WORDS + STATE_WORDS;

const mixed = (x: number, one: number, two: number, three: Code): Code => [
  ...[...rotated(x, one), ...rotated(x, two), ...XOR, ...three, ...XOR],
];

/** The block's words are replaced one by one by those of the rounds that follow. */
const scheduled = (t: number): Code => {
  const w = (back: number): number => W[(t + BLOCK_WORDS - back) % BLOCK_WORDS]!;
  return [
    ...[...get(w(16)), ...mixed(w(15), 1, 8, shifted(w(15), 7)), ...ADD],
    ...[...get(w(7)), ...ADD, ...mixed(w(2), 19, 61, shifted(w(2), 6)), ...ADD, ...set(w(16))],
  ];
};

const round = (t: number, k: bigint): Code => {
  // registers don't move from round to round, their names do
  const of = (name: number): number => STATE[(name + ROUNDS - t) % STATE_WORDS]!;
  const [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map(of) as [
    ...[number, number, number, number, number, number, number, number],
  ];
  return [
    ...t >= BLOCK_WORDS ? scheduled(t) : [],
    ...[...get(h), ...constant(k), ...ADD, ...get(W[t % BLOCK_WORDS]!), ...ADD],
    ...[...mixed(e, 14, 18, rotated(e, 41)), ...ADD],
    ...[...get(f), ...get(g), ...XOR, ...get(e), ...AND, ...get(g), ...XOR, ...ADD, ...tee(SUM)],
    ...[...get(d), ...ADD, ...set(d), ...get(SUM), ...mixed(a, 28, 34, rotated(a, 39)), ...ADD],
    ...[...get(a), ...get(b), ...AND, ...get(a), ...get(b), ...OR, ...get(c), ...AND, ...OR, ...ADD, ...set(h)],
  ];
};

/** Exports `compress` and `memory`. */
export function sha512Module(): Uint8Array<ArrayBuffer> {
  const body = [
    ...W.flatMap((w, i) => [...load(BLOCK_AT + 8 * i), ...set(w)]),
    ...STATE.flatMap((word, i) => [...load(STATE_AT + 8 * i), ...set(word)]),
    ...fractions(ROUNDS, 3n).flatMap((k, t) => round(t, k)),
    ...STATE.flatMap((word, i) => store(STATE_AT + 8 * i, [...load(STATE_AT + 8 * i), ...get(word), ...ADD])),
  ];
  const locals = [[SUM + 1, I64] as const];
  return wasmModule([{ name: "compress", parameters: [], results: [], locals, body }], 1);
}
