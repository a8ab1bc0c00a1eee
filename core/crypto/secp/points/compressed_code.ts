/** Points in their compressed form, 33 bytes: SEC 1, §2.3.3. */
import type { Code } from "../../../wasm_code.ts";
import type { Assembly, Ref } from "../../wasm/assembly.ts";
import {
  at,
  get,
  int,
  load,
  loadVector,
  long,
  moved,
  OP,
  set,
  simd,
  storeVector,
  swizzled,
} from "../../wasm/assembly.ts";
import { indicesOf } from "../wide/field_code.ts";
import type { FieldForm } from "../wide/form.ts";

export const KEY_BYTES = 33;

const SPLAT = simd(0x12), REPLACE_SECOND: Code = [...simd(0x1e), 1], EXTRACT_FIRST: Code = [...simd(0x1d), 0];
const BLOCK = 0x02, BRANCH = 0x0c, NOT_EQUAL = 0x52, I32_LESS_U = 0x49;
/** Bytes behind the address follow. */
const I32_LOAD: Code = [0x28, 0],
  LOAD_BYTE: Code = [0x2d, 0],
  I32_STORE: Code = [0x36, 0],
  STORE_BYTE: Code = [0x3a, 0];
/** From one key of a list to the next; behind a key there is space for how many are less. */
export const KEY_STEP = 40;
const RANK_AT = 36;

/** 64 bits of a number from 0 to p − 1, the lowest ones first. */
function word(form: FieldForm, ref: Ref, index: number): Code {
  return indicesOf(form).reduce((code: Code, i) => {
    const shift = form.limbBits * i - 64 * index;
    if (shift <= -form.limbBits || shift >= 64) return code;
    const by = [...long(BigInt(Math.abs(shift))), shift > 0 ? OP.SHL : OP.SHR_U];
    return [...code, ...load(ref, 8 * i), ...by, OP.OR];
  }, long(0n));
}

export function defineCompressed(assembly: Assembly, form: FieldForm): void {
  assembly.define("compressed", 2, (body) => {
    const into = body.parameter(0), x = body.frame(form.numberBytes), y = body.frame(form.numberBytes);
    body.call("normal", x, body.parameter(1));
    body.call("normal", y, at(body.parameter(1), form.numberBytes));
    // 2 for an even y, 3 for an odd one
    body.emit(get(0), load(y, 0), [OP.WRAP], int(1), [OP.I32_AND], int(2), [OP.I32_OR], STORE_BYTE, [0]);
    // the number's upper half comes first
    for (const [low, bytes] of [[2, 1], [0, 17]] as const) {
      const number = [...word(form, x, low), ...SPLAT, ...word(form, x, low + 1), ...REPLACE_SECOND];
      body.emit(storeVector(into, bytes, swizzled(number, (byte) => 15 - byte)));
    }
  });
}

/** Compressed keys in their order, as multisig scripts have them. */
export function defineSorted(assembly: Assembly): void {
  /** Of a key, eight bytes as the number that they are compared by. */
  const number = (ref: Ref, bytes: number): Code => [
    ...swizzled(loadVector(ref, bytes), (byte) => 7 - byte & 15),
    ...EXTRACT_FIRST,
  ];
  assembly.define("less", 2, (body) => {
    const a = body.parameter(0), b = body.parameter(1), [x, y] = body.longs(2) as [number, number];
    for (let bytes = 0; bytes < KEY_BYTES - 1; bytes += 8) {
      body.emit(number(a, bytes), set(x), number(b, bytes), set(y));
      body.emit(get(x), get(y), [NOT_EQUAL, OP.IF, OP.EMPTY_BLOCK]);
      body.emit(get(x), get(y), [OP.LESS_U, OP.RETURN, OP.END]);
    }
    for (const key of [0, 1]) body.emit(get(key), LOAD_BYTE, [KEY_BYTES - 1]);
    body.emit([I32_LESS_U]);
  }, true);
  // keys, `KEY_STEP` from one to the next, are written `step` bytes apart. Equal ones stay in their order. The last two
  // parameters are the function's own
  assembly.define("sorted", 6, (body) => {
    const INTO = 0, STEP = 1, KEYS = 2, COUNT = 3, KEY = 4, OTHER = 5;
    const key = body.parameter(KEY), other = body.parameter(OTHER), [less, left] = body.ints(2) as [number, number];
    const rank = (of: number): Code => [...get(of), ...I32_LOAD, RANK_AT];
    const setRank = (of: number, value: Code): Code => [...get(of), ...value, ...I32_STORE, RANK_AT];
    const begin = (): void => body.emit(get(KEYS), set(KEY), get(COUNT), set(left));
    begin();
    body.repeat(left, () => {
      body.emit(setRank(KEY, int(0)), get(KEYS), set(OTHER));
      body.emit([BLOCK, OP.EMPTY_BLOCK, OP.LOOP, OP.EMPTY_BLOCK]);
      body.emit(get(OTHER), get(KEY), [OP.I32_EQ, OP.BRANCH_IF, 1]);
      body.call("less", key, other);
      body.emit(set(less), setRank(OTHER, [...rank(OTHER), ...get(less), OP.I32_ADD]));
      body.emit(setRank(KEY, [...rank(KEY), ...int(1), OP.I32_ADD, ...get(less), OP.I32_SUB]));
      body.emit(moved(OTHER, KEY_STEP), [BRANCH, 0, OP.END, OP.END]);
      body.emit(moved(KEY, KEY_STEP));
    });
    begin();
    body.repeat(left, () => {
      body.emit(get(INTO), rank(KEY), get(STEP), [OP.I32_MUL, OP.I32_ADD], set(OTHER));
      for (const bytes of [0, 16]) body.emit(storeVector(other, bytes, loadVector(key, bytes)));
      body.emit(get(OTHER), get(KEY), LOAD_BYTE, [KEY_BYTES - 1], STORE_BYTE, [KEY_BYTES - 1]);
      body.emit(moved(KEY, KEY_STEP));
    });
  });
}
