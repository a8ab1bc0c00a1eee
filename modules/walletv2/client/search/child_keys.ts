/**
 * The keys of a search's indices: `moduleSecret.child(index).secpKey()`, as `core/crypto/derive_secret.ts` has it. What
 * the module's secret comes to as a key of HMAC is computed once, and all indices are gone through by WebAssembly.
 * docs/protocol/01-encoding.md §14.
 */
import { assert } from "../../../../core/assert.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { Assembly } from "../../../../core/crypto/wasm/assembly.ts";
import type { Address } from "../../../../core/crypto/wasm/memory.ts";
import { Memory } from "../../../../core/crypto/wasm/memory.ts";
import { defineChildKeys, STATE_BYTES } from "./child_keys_code.ts";

type Functions = {
  readonly memory: WebAssembly.Memory;
  readonly begin: () => void;
  readonly keys: (into: Address, step: number, count: number) => void;
  readonly wipe: () => void;
};

export class ChildKeys {
  readonly #machine: Memory<Functions>;
  readonly #index: Address;
  readonly #keys: Address;
  readonly #step: number;
  readonly #most: number;

  /**
   * @param childRoot 64 bytes, secret: what the module's secret derives its children with
   * @param most keys at once
   * @param step bytes from one to the next
   */
  constructor(childRoot: Bytes, most: number, step: number) {
    assert(childRoot.length === STATE_BYTES, "a secret derives its children with 64 bytes");
    const assembly = new Assembly(), { root, index } = defineChildKeys(assembly);
    this.#machine = new Memory(assembly);
    this.#index = index.offset;
    this.#step = step;
    this.#most = most;
    this.#keys = this.#machine.reserve(most * step);
    const view = new DataView(childRoot.buffer, childRoot.byteOffset, STATE_BYTES);
    for (let word = 0; word < STATE_BYTES / 8; word++) {
      this.#machine.words[root.offset / 8 + word] = view.getBigInt64(8 * word);
    }
    this.#machine.run.begin();
    this.#machine.run.wipe();
  }

  /** Writes the keys of so many indices: 32 bytes each, lowest byte first. */
  write(first: number, count: number, into: Uint8Array, offset: number): void {
    assert(count <= this.#most, "keys fit into their space");
    const { run, words, bytes } = this.#machine, size = count * this.#step;
    words[this.#index / 8] = BigInt(first);
    run.keys(this.#keys, this.#step, count);
    into.set(bytes.subarray(this.#keys, this.#keys + size), offset);
    run.wipe();
    this.#machine.wipe(this.#keys, size);
  }
}
