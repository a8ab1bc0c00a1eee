/** An instance of a module with its memory: fixed places for single operands, and one area that grows for lists. */
import type { Assembly } from "./assembly.ts";

/** Address in the module's memory. */
export type Address = number;
/** Numbers' limbs side by side. */
export type Words = BigInt64Array<ArrayBuffer>;

const PAGE_BYTES = 65_536;

export class Memory<Functions extends { readonly memory: WebAssembly.Memory }> {
  readonly run: Functions;
  bytes!: Uint8Array<ArrayBuffer>;
  words!: Words;
  #fixedEnd: Address;

  /** @throws {WebAssembly.CompileError} where the process's WebAssembly hasn't what the module takes */
  constructor(assembly: Assembly) {
    this.run = new WebAssembly.Instance(new WebAssembly.Module(assembly.code())).exports as unknown as Functions;
    this.#fixedEnd = assembly.bytes;
    assembly.fill(this.run.memory);
    this.#look();
  }

  /** Views of memory end when it grows. */
  #look(): void {
    this.bytes = new Uint8Array(this.run.memory.buffer as ArrayBuffer);
    this.words = new BigInt64Array(this.run.memory.buffer as ArrayBuffer);
  }

  #need(bytes: number): void {
    const missing = bytes - this.bytes.length;
    if (missing <= 0) return;
    this.run.memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#look();
  }

  /** Where what is reserved next begins. */
  get reserved(): Address {
    return this.#fixedEnd;
  }

  /** Gives back what was reserved from there on, and wipes it, lists too. */
  release(from: Address): void {
    this.wipe(from, this.bytes.length - from);
    this.#fixedEnd = from;
  }

  /** Space that stays until it is released, before the first list. */
  reserve(bytes: number): Address {
    const address = this.#fixedEnd;
    this.#fixedEnd += bytes + 7 & ~7;
    this.#need(this.#fixedEnd);
    return address;
  }

  /** Space for a list, valid until the next call. */
  list(bytes: number): Address {
    this.#need(this.#fixedEnd + bytes);
    return this.#fixedEnd;
  }

  write(address: Address, words: Words): void {
    this.words.set(words, address / 8);
  }

  /** A copy. */
  read(address: Address, bytes: number): Words {
    return this.words.slice(address / 8, (address + bytes) / 8);
  }

  wipe(address: Address, bytes: number): void {
    this.bytes.fill(0, address, address + bytes);
  }
}
