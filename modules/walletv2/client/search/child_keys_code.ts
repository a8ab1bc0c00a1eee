/**
 * The keys of a search's indices as WebAssembly: HMAC-SHA512 of messages of one block, six compressions an index.
 * JavaScript has no numbers of 64 bits that are fast. FIPS 180-4, §4.2.3, §5.3.5, §6.4.2; RFC 2104.
 */
import type { Code } from "../../../../core/wasm_code.ts";
import { tee } from "../../../../core/wasm_code.ts";
import type { Assembly, Body, Ref } from "../../../../core/crypto/wasm/assembly.ts";
import { at, get, load, long, OP, set, store } from "../../../../core/crypto/wasm/assembly.ts";
import { initialState, roundConstants } from "../../../../core/crypto/sha512_wasm.ts";
import { utf8 } from "../../../../core/bytes.ts";

const ROUNDS = 80, BLOCK_WORDS = 16, STATE_WORDS = 8;
/** Words of 64 bits, lowest byte first. */
export const STATE_BYTES = 8 * STATE_WORDS;
const BLOCK_BYTES = 8 * BLOCK_WORDS;
/** A key is so many words, and written so that its lowest one comes first. */
const KEY_WORDS = 4;
const INNER = 0x3636363636363636n, OUTER = 0x5c5c5c5c5c5c5c5cn;
const ROTATE = 0x8a;
/** What ends a message, as the first byte of a word. */
const END = 1n << 63n;

/** Where things are that come from outside. */
export type ChildKeyPlaces = {
  /** What the module's secret derives its children with: eight words. */
  readonly root: Ref;
  /** The index to begin with: a word. */
  readonly index: Ref;
};

const rotated = (x: number, right: number): Code => [...get(x), ...long(BigInt(right)), ROTATE];
const shifted = (x: number, right: number): Code => [...get(x), ...long(BigInt(right)), OP.SHR_U];
const mixed = (one: Code, two: Code, three: Code): Code => [...one, ...two, OP.XOR, ...three, OP.XOR];

/** The block's words are replaced one by one by those of the rounds that follow. */
function scheduled(t: number, words: readonly number[]): Code {
  const w = (back: number): number => words[(t + BLOCK_WORDS - back) % BLOCK_WORDS]!;
  return [
    ...[...get(w(16)), ...mixed(rotated(w(15), 1), rotated(w(15), 8), shifted(w(15), 7)), OP.ADD],
    ...[...get(w(7)), OP.ADD, ...mixed(rotated(w(2), 19), rotated(w(2), 61), shifted(w(2), 6)), OP.ADD, ...set(w(16))],
  ];
}

function round(t: number, k: bigint, words: readonly number[], state: readonly number[], sum: number): Code {
  // registers don't move from round to round, their names do
  const of = (name: number): number => state[(name + ROUNDS - t) % STATE_WORDS]!;
  const [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map(of) as [
    ...[number, number, number, number, number, number, number, number],
  ];
  return [
    ...t >= BLOCK_WORDS ? scheduled(t, words) : [],
    ...[...get(h), ...long(k), OP.ADD, ...get(words[t % BLOCK_WORDS]!), OP.ADD],
    ...[...mixed(rotated(e, 14), rotated(e, 18), rotated(e, 41)), OP.ADD],
    ...[...get(f), ...get(g), OP.XOR, ...get(e), OP.AND, ...get(g), OP.XOR, OP.ADD, ...tee(sum)],
    ...[...get(d), OP.ADD, ...set(d)],
    ...[...get(sum), ...mixed(rotated(a, 28), rotated(a, 34), rotated(a, 39)), OP.ADD],
    ...[...get(a), ...get(b), OP.AND, ...get(a), ...get(b), OP.OR, ...get(c), OP.AND, OP.OR, OP.ADD, ...set(h)],
  ];
}

/** `compress(from, to)`: the state at one address, with the block taken in, to another. */
function defineCompress(assembly: Assembly, block: Ref): void {
  assembly.define("compress", 2, (body) => {
    const words = body.longs(BLOCK_WORDS), state = body.longs(STATE_WORDS), [sum] = body.longs(1) as [number];
    const from = body.parameter(0), to = body.parameter(1);
    words.forEach((word, i) => body.emit(load(block, 8 * i), set(word)));
    state.forEach((word, i) => body.emit(load(from, 8 * i), set(word)));
    roundConstants().forEach((k, t) => body.emit(round(t, k, words, state, sum)));
    state.forEach((word, i) => body.emit(store(to, 8 * i, [...load(from, 8 * i), ...get(word), OP.ADD])));
  });
}

/** The block of a message that follows a key's block: tag of eight characters ‖ u64 ‖ 01. */
function messageOf(tag: string): bigint[] {
  const words = Array<bigint>(BLOCK_WORDS).fill(0n);
  words[0] = new DataView(utf8(tag).buffer).getBigUint64(0);
  words[2] = 1n << 56n | END >> 8n;
  words[BLOCK_WORDS - 1] = BigInt(8 * (BLOCK_BYTES + 17));
  return words;
}

/**
 * `begin()` once the root is in its place, then `keys(into, step, count)`: of each index the key that the plain way
 * derives, 32 bytes as a number, lowest byte first, so many bytes apart; the index grows. `wipe()` clears whatever
 * secret there is. The 2^−128 of indices whose key isn't one are written like others: they don't pass.
 */
export function defineChildKeys(assembly: Assembly): ChildKeyPlaces {
  const block = assembly.reserve(BLOCK_BYTES), initial = assembly.constant([...initialState()]);
  const rootKey = assembly.reserve(STATE_BYTES), parent = assembly.reserve(2 * STATE_BYTES);
  const child = assembly.reserve(2 * STATE_BYTES), state = assembly.reserve(STATE_BYTES);
  const childMessage = assembly.constant(messageOf("childkey")), keyMessage = assembly.constant(messageOf("secp256k"));
  const index = at(childMessage, 8);
  const words = (body: Body, count: number, value: (i: number) => Code): void => {
    for (let i = 0; i < count; i++) body.emit(store(block, 8 * i, value(i)));
  };
  defineCompress(assembly, block);
  // what the two hashes of a key go on from, one behind the other
  assembly.define("hashKey", 2, (body) => {
    for (const [which, pad] of [INNER, OUTER].entries()) {
      words(
        body,
        BLOCK_WORDS,
        (i) => i < STATE_WORDS ? [...load(body.parameter(1), 8 * i), ...long(pad), OP.XOR] : long(pad),
      );
      body.call("compress", initial, at(body.parameter(0), which * STATE_BYTES));
    }
  });
  // (into, hashed key, message)
  assembly.define("mac", 3, (body) => {
    words(body, BLOCK_WORDS, (i) => load(body.parameter(2), 8 * i));
    body.call("compress", body.parameter(1), state);
    const length = long(BigInt(8 * (BLOCK_BYTES + STATE_BYTES)));
    words(body, BLOCK_WORDS, (i) => {
      if (i < STATE_WORDS) return load(state, 8 * i);
      return i === STATE_WORDS ? long(END) : i === BLOCK_WORDS - 1 ? length : long(0n);
    });
    body.call("compress", at(body.parameter(1), STATE_BYTES), body.parameter(0));
  });
  assembly.define("begin", 0, (body) => body.call("hashKey", parent, rootKey));
  assembly.define("keys", 3, (body) => {
    const INTO = 0, STEP = 1, COUNT = 2;
    body.repeat(COUNT, () => {
      body.call("mac", state, parent, childMessage);
      body.call("hashKey", child, state);
      body.call("mac", state, child, keyMessage);
      for (let i = 0; i < KEY_WORDS; i++) {
        body.emit(store(body.parameter(INTO), 8 * i, load(state, 8 * (KEY_WORDS - 1 - i))));
      }
      body.emit(get(INTO), get(STEP), [OP.I32_ADD], set(INTO));
      body.emit(store(index, 0, [...load(index, 0), ...long(1n), OP.ADD]));
    });
  });
  assembly.define("wipe", 0, (body) => {
    for (
      const [ref, bytes] of [[block, BLOCK_BYTES], [rootKey, STATE_BYTES], [child, 2 * STATE_BYTES], [
        state,
        STATE_BYTES,
      ]] as const
    ) {
      for (let byte = 0; byte < bytes; byte += 8) body.emit(store(ref, byte, long(0n)));
    }
  });
  return { root: rootKey, index };
}
