/**
 * Puts the module together: functions that call each other, each with a frame of its own at a fixed place in memory
 * (none calls itself), and constants. Nothing here knows the field.
 */
import { assert } from "../../assert.ts";
import type { Code, WasmFunction } from "../../wasm_code.ts";
import { get, I32, I64, leb, longLeb, set, unsignedLeb, V128, wasmModule } from "../../wasm_code.ts";

const PAGE_BYTES = 65_536;

/** An address in memory: fixed, or so many bytes after what a parameter points to. */
export type Ref = { readonly parameter: number | null; readonly offset: number };

export const at = (ref: Ref, bytes: number): Ref => ({ ...ref, offset: ref.offset + bytes });

export const OP = {
  EMPTY_BLOCK: 0x40,
  LOOP: 0x03,
  IF: 0x04,
  END: 0x0b,
  BRANCH_IF: 0x0d,
  RETURN: 0x0f,
  CALL: 0x10,
  LOAD: 0x29,
  STORE: 0x37,
  I32_EQ: 0x46,
  I32_ADD: 0x6a,
  I32_SUB: 0x6b,
  I32_MUL: 0x6c,
  I32_AND: 0x71,
  I32_OR: 0x72,
  EQZ: 0x50,
  LESS_U: 0x54,
  ADD: 0x7c,
  SUB: 0x7d,
  MUL: 0x7e,
  AND: 0x83,
  OR: 0x84,
  XOR: 0x85,
  SHL: 0x86,
  SHR_S: 0x87,
  SHR_U: 0x88,
  WRAP: 0xa7,
  EXTEND_U: 0xad,
} as const;
/** Wide arithmetic (WebAssembly proposal, phase 3): two 128-bit numbers; two of 64 bits, signed and not. */
export const ADD_128: Code = [0xfc, 0x13], SUB_128: Code = [0xfc, 0x14];
export const MUL_WIDE_S: Code = [0xfc, 0x15], MUL_WIDE_U: Code = [0xfc, 0x16];

/** The few constants that code has, each written once. */
const longs = new Map<bigint, Code>();

/** A constant of 64 bits. */
export function long(value: bigint): Code {
  const known = longs.get(value);
  if (known !== undefined) return known;
  const code = [0x42].concat(longLeb(BigInt.asIntN(64, value)));
  longs.set(value, code);
  return code;
}
/** A constant of 32 bits. */
export const int = (value: number): Code => [0x41].concat(leb(value));

/** Pushes an address. */
const address = (ref: Ref): Code =>
  ref.parameter === null
    ? int(ref.offset)
    : ref.offset === 0
    ? get(ref.parameter)
    : get(ref.parameter).concat(int(ref.offset), OP.I32_ADD);

const base = ({ parameter }: Ref): Code => parameter === null ? int(0) : get(parameter);

/** Pushes the 64-bit word that lies so many bytes behind an address; it needn't be aligned. */
export const load = (ref: Ref, bytes: number): Code => base(ref).concat(OP.LOAD, 0, unsignedLeb(ref.offset + bytes));

export const store = (ref: Ref, bytes: number, value: Code): Code =>
  base(ref).concat(value, OP.STORE, 0, unsignedLeb(ref.offset + bytes));

/** Adds so many bytes to a parameter that is an address. */
export const moved = (parameter: number, bytes: number): Code => [
  ...[...get(parameter), ...int(bytes), OP.I32_ADD, ...set(parameter)],
];

/** A function that is being written. Parameters are numbers of 32 bits: addresses, counts. */
export class Body {
  readonly #assembly: Assembly;
  readonly #parameters: number;
  readonly code: number[] = [];
  readonly #locals: (readonly [count: number, type: number])[] = [];
  #next: number;

  constructor(assembly: Assembly, parameters: number) {
    this.#assembly = assembly;
    this.#parameters = parameters;
    this.#next = parameters;
  }

  parameter(index: number): Ref {
    assert(index < this.#parameters, "the function has this parameter");
    return { parameter: index, offset: 0 };
  }

  emit(...parts: readonly Code[]): void {
    // not byte by byte: this runs once, and so in V8's interpreter. A part has some thousand at most
    for (let i = 0; i < parts.length; i++) this.code.push(...parts[i]!);
  }

  #new(count: number, type: number): number[] {
    const first = this.#next;
    this.#next += count;
    this.#locals.push([count, type]);
    return Array.from({ length: count }, (_, i) => first + i);
  }

  /** New locals of 64 bits. */
  longs(count: number): number[] {
    return this.#new(count, I64);
  }

  /** New locals of 32 bits. */
  ints(count: number): number[] {
    return this.#new(count, I32);
  }

  /** New locals of 128 bits. */
  vectors(count: number): number[] {
    return this.#new(count, V128);
  }

  /** Space of this function's own. */
  frame(bytes: number): Ref {
    return this.#assembly.reserve(bytes);
  }

  /** Arguments are addresses, or code that pushes a number. */
  call(name: string, ...args: readonly (Ref | Code)[]): void {
    for (const arg of args) this.emit("offset" in arg ? address(arg) : arg);
    this.emit([OP.CALL], unsignedLeb(this.#assembly.indexOf(name, args.length)));
  }

  /** Repeats while the parameter, counted down, isn't zero: at least once. */
  repeat(counter: number, body: () => void): void {
    this.emit([OP.LOOP, OP.EMPTY_BLOCK]);
    body();
    this.emit(get(counter), int(1), [OP.I32_SUB, 0x22, ...unsignedLeb(counter)], [OP.BRANCH_IF, 0, OP.END]);
  }

  get locals(): WasmFunction["locals"] {
    return this.#locals;
  }
}

/** The opcode of an instruction on vectors. */
export const simd = (opcode: number): Code => [0xfd, ...unsignedLeb(opcode)];
/** Pushes the vector that lies so many bytes behind an address; it needn't be aligned. */
export const loadVector = (ref: Ref, bytes: number): Code =>
  base(ref).concat(simd(0x00), 0, unsignedLeb(ref.offset + bytes));
export const storeVector = (ref: Ref, bytes: number, value: Code): Code =>
  base(ref).concat(value, simd(0x0b), 0, unsignedLeb(ref.offset + bytes));
/** Puts a vector's bytes into another order. */
export const swizzled = (vector: Code, order: (byte: number) => number): Code => [
  ...[...vector, ...simd(0x0c), ...Array.from({ length: 16 }, (_, byte) => order(byte)), ...simd(0x0e)],
];

export class Assembly {
  readonly #functions: WasmFunction[] = [];
  readonly #indices = new Map<string, number>();
  readonly #constants: { readonly address: number; readonly words: readonly bigint[] }[] = [];
  #bytes = 16;

  reserve(bytes: number): Ref {
    const offset = this.#bytes;
    this.#bytes += bytes + 7 & ~7;
    return { parameter: null, offset };
  }

  constant(words: readonly bigint[]): Ref {
    const ref = this.reserve(8 * words.length);
    this.#constants.push({ address: ref.offset, words });
    return ref;
  }

  /** @param result whether it leaves a number of 32 bits */
  define(name: string, parameters: number, write: (body: Body) => void, result = false): void {
    assert(!this.#indices.has(name), "functions have names of their own");
    const body = new Body(this, parameters);
    write(body);
    this.#indices.set(name, this.#functions.length);
    this.#functions.push({
      name,
      parameters: Array<number>(parameters).fill(I32),
      results: result ? [I32] : [],
      locals: body.locals,
      body: body.code,
    });
  }

  indexOf(name: string, args: number): number {
    const index = this.#indices.get(name);
    assert(index !== undefined, `'${name}' is defined before it is called`);
    assert(this.#functions[index]!.parameters.length === args, `'${name}' takes ${args} arguments`);
    return index;
  }

  /** Bytes of memory that frames and constants take: what lies behind is free. */
  get bytes(): number {
    return this.#bytes;
  }

  code(): Uint8Array<ArrayBuffer> {
    return wasmModule(this.#functions, Math.ceil(this.#bytes / PAGE_BYTES) + 1);
  }

  /** Writes the constants into a new instance's memory. */
  fill(memory: WebAssembly.Memory): void {
    const words = new BigInt64Array(memory.buffer);
    for (const { address, words: constant } of this.#constants) words.set(constant, address / 8);
  }
}

export { get, set };
