/**
 * The keys of a search's indices: `moduleSecret.child(index).secpKey()`, as `core/crypto/derive_secret.ts` has it. Both
 * steps are HMAC-SHA512 of a single block, and what a key's two blocks come to is computed once a key: six compressions
 * an index. RFC 2104; docs/protocol/01-encoding.md §14.
 */
import { assert } from "../../../../core/assert.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { concat, utf8 } from "../../../../core/bytes.ts";
import type { Compress } from "./sha512_wasm.ts";
import { BLOCK_AT, BLOCK_BYTES, initialState, sha512Module, STATE_AT, STATE_BYTES } from "./sha512_wasm.ts";

export const SECRET_KEY_BYTES = 32;

/** Words of 32 bits: of a word of 64 bits the lower half comes first. */
const STATE_WORDS = STATE_BYTES / 4, BLOCK_WORDS = BLOCK_BYTES / 4;
const STATE = STATE_AT / 4, BLOCK = BLOCK_AT / 4;
/** RFC 2104, once for each byte of a word. */
const INNER = 0x36363636, OUTER = 0x5c5c5c5c;
/** What ends a message, as the highest byte of a word. */
const END = 0x80000000;
/** Of a block whose beginning is the index: its word of 64 bits, behind the tag of as many. */
const INDEX = 2;

/** A key of HMAC, hashed: what its two hashes go on from, one behind the other. Secret. */
type HashedKey = Uint32Array;

/** `words` are the memory's; `initial` what a hash begins with. */
type Kernel = { readonly words: Uint32Array; readonly compress: Compress; readonly initial: Uint32Array };

let made: Kernel | undefined;

/** Compiled once: a thread tries one stretch of indices after the other. */
function kernel(): Kernel {
  if (made === undefined) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(sha512Module()));
    const words = new Uint32Array((exports.memory as WebAssembly.Memory).buffer);
    made = { words, compress: exports.compress as Compress, initial: new Uint32Array(initialState().buffer) };
  }
  return made;
}

export class ChildKeys {
  readonly #kernel = kernel();
  readonly #parent: HashedKey = new Uint32Array(2 * STATE_WORDS);
  readonly #child: HashedKey = new Uint32Array(2 * STATE_WORDS);
  readonly #childBlock = firstBlock("childkey");
  readonly #keyBlock = firstBlock("secp256k");

  /** @param childRoot 64 bytes, secret: what the module's secret derives its children with */
  constructor(childRoot: Bytes) {
    assert(childRoot.length === STATE_BYTES, "a secret derives its children with 64 bytes");
    this.#kernel.words.set(wordsOf(childRoot), STATE);
    this.#hashKey(this.#parent);
    this.#clear();
  }

  /**
   * Writes the key of 32 bytes of an index. The one in 2^128 that is no key is written as well: its index is none that
   * passes.
   */
  write(index: number, view: DataView, offset: number): void {
    const block = this.#childBlock;
    block[INDEX] = index;
    block[INDEX + 1] = Math.floor(index / 2 ** 32);
    this.#mac(this.#parent, block);
    this.#hashKey(this.#child);
    this.#mac(this.#child, this.#keyBlock);
    const { words } = this.#kernel;
    for (let word = 0; word < SECRET_KEY_BYTES / 4; word++) {
      view.setUint32(offset + 4 * word, words[STATE + (word ^ 1)]!);
    }
    this.#clear();
  }

  /** The kernel's memory stays. */
  #clear(): void {
    this.#kernel.words.fill(0, 0, BLOCK + BLOCK_WORDS);
  }

  /** The key is the state. */
  #hashKey(hashed: HashedKey): void {
    const { words, compress, initial } = this.#kernel, key = words.slice(STATE, STATE + STATE_WORDS);
    for (const [at, pad] of [[0, INNER], [STATE_WORDS, OUTER]] as const) {
      words.fill(pad, BLOCK, BLOCK + BLOCK_WORDS);
      for (let i = 0; i < STATE_WORDS; i++) words[BLOCK + i]! ^= key[i]!;
      words.set(initial, STATE);
      compress();
      hashed.set(words.subarray(STATE, STATE + STATE_WORDS), at);
    }
    key.fill(0);
  }

  /** Of a message that is one block: the state becomes the result. */
  #mac(key: HashedKey, block: Uint32Array): void {
    const { words, compress } = this.#kernel;
    words.set(key.subarray(0, STATE_WORDS), STATE);
    words.set(block, BLOCK);
    compress();
    words.copyWithin(BLOCK, STATE, STATE + STATE_WORDS);
    endMessage(words, BLOCK, STATE_BYTES);
    words.set(key.subarray(STATE_WORDS), STATE);
    compress();
  }
}

/** Tag of eight characters ‖ u64 0 ‖ 01, to be hashed behind a key's block. */
function firstBlock(tag: string): Uint32Array {
  const block = new Uint32Array(BLOCK_WORDS), message = concat(utf8(tag), new Uint8Array(8), Uint8Array.of(1));
  block.set(wordsOf(concat(message, new Uint8Array(24 - message.length))));
  block[5]! |= END >>> 8;
  setLength(block, 0, message.length);
  return block;
}

/** The block's first bytes are the message's last ones. */
function endMessage(words: Uint32Array, block: number, bytes: number): void {
  words.fill(0, block + bytes / 4, block + BLOCK_WORDS);
  words[block + bytes / 4 + 1] = END;
  setLength(words, block, bytes);
}

/** Of a message of so many bytes that follows a key's block, in bits. */
function setLength(words: Uint32Array, block: number, bytes: number): void {
  words[block + BLOCK_WORDS - 2] = 8 * (BLOCK_BYTES + bytes);
}

/** Big-endian words of 64 bits as they lie in the memory. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, word) => view.getUint32(4 * (word ^ 1)));
}
