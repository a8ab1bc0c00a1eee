/** The multisig scripts of a search's batch, and the filter that one in 65,536 of them passes. */
import type { Bytes } from "../../../../core/bytes.ts";
import { concat } from "../../../../core/bytes.ts";
import { KEY_BYTES, KEY_STEP } from "../../../../core/crypto/secp/points/compressed_code.ts";
import type { PointMachine, Points } from "../../../../core/crypto/secp/points/machine.ts";
import type { Address } from "../../../../core/crypto/wasm/memory.ts";
import { DIGEST_BYTES, LANES, MESSAGE_BLOCK_BYTES } from "../../../../core/crypto/wasm/sha256_code.ts";
import type { Searched } from "./searched.ts";

/** In a multisig script: behind the threshold, which never exceeds 16, and the first push. */
const FIRST_KEY = 2;
/** Of what the filter hashes, behind the script's length and head. */
const SCRIPT_HASH_AT = 3;

/** A message of SHA-256 with its padding. FIPS 180-4, §5.1.1. */
function padded(message: Uint8Array): Bytes {
  const size = Math.ceil((message.length + 9) / MESSAGE_BLOCK_BYTES) * MESSAGE_BLOCK_BYTES;
  const bytes = new Uint8Array(size) as Bytes;
  bytes.set(message);
  bytes[message.length] = 0x80;
  new DataView(bytes.buffer).setUint32(size - 4, 8 * message.length);
  return bytes;
}

/** Messages of one length, side by side, of which parts are written again and again. */
export class Messages {
  readonly #machine: PointMachine;
  readonly at: Address;
  readonly bytes: number;

  constructor(machine: PointMachine, message: Uint8Array) {
    const template = padded(message);
    this.#machine = machine;
    this.bytes = template.length;
    this.at = machine.reserve(LANES * this.bytes);
    for (let lane = 0; lane < LANES; lane++) machine.bytes.set(template, this.at + lane * this.bytes);
  }

  /** What has been computed of them is then in the machine. */
  hash(): void {
    const { run } = this.#machine;
    run.sha256Begin();
    for (let block = 0; block < this.bytes; block += MESSAGE_BLOCK_BYTES) run.sha256Block(this.at + block, this.bytes);
  }
}

/** A template, into which a tweaked set of keys is written in its order. */
export class Scripts {
  readonly #machine: PointMachine;
  readonly #guardians: readonly Points[];
  readonly #sums: Address;
  readonly #scratch: Address;
  /** Of each index in turn, all guardians' tweaked keys. */
  readonly #keys: Address;
  readonly #scripts: Messages;
  readonly #filtered: Messages;
  readonly #hashes: Address;

  constructor(machine: PointMachine, { keys, script, hashOfKeys }: Searched, batchMax: number) {
    this.#machine = machine;
    this.#guardians = keys.map((key) => {
      const at = machine.reserve(machine.pointBytes);
      machine.writeKey(at, key);
      return { at, step: 0 };
    });
    this.#sums = machine.reserve(batchMax * machine.pointBytes);
    this.#scratch = machine.reserve(batchMax * machine.pointBytes);
    this.#keys = machine.reserve(batchMax * keys.length * KEY_STEP);
    this.#scripts = new Messages(machine, script);
    // CompactSize of 34 · OP_0 · push of 32 · the script's hash · the keys' hash: what the filter looks at
    this.#filtered = new Messages(machine, concat(Uint8Array.of(34, 0, 32), new Uint8Array(32), hashOfKeys));
    this.#hashes = machine.reserve(LANES * DIGEST_BYTES);
  }

  /** Adds the tweaks' points to every guardian's key, between two yields some. */
  *tweak(count: number, tweaks: Address): Generator<void> {
    const { run, pointBytes } = this.#machine, guardians = this.#guardians.length;
    for (const [peer, key] of this.#guardians.entries()) {
      this.#machine.add(key, tweaks, this.#sums, this.#scratch, count);
      for (let i = 0; i < count; i++) {
        run.compressed(this.#keys + (i * guardians + peer) * KEY_STEP, this.#sums + i * pointBytes);
      }
      if (peer % PEERS_A_STEP === PEERS_A_STEP - 1) yield;
    }
  }

  /** Of `LANES` indices from `first` on the first one whose script passes, counted from there; or null. */
  passing(first: number): number | null {
    const { run, bytes } = this.#machine, guardians = this.#guardians.length;
    const scripts = this.#scripts, filtered = this.#filtered;
    for (let lane = 0; lane < LANES; lane++) {
      const place = scripts.at + lane * scripts.bytes + FIRST_KEY, keys = (first + lane) * guardians * KEY_STEP;
      run.sorted(place, KEY_BYTES + 1, this.#keys + keys, guardians, 0, 0);
    }
    scripts.hash();
    run.sha256Digests(filtered.at + SCRIPT_HASH_AT, filtered.bytes);
    filtered.hash();
    run.sha256Digests(this.#hashes, DIGEST_BYTES);
    for (let lane = 0; lane < LANES; lane++) {
      const hash = this.#hashes + lane * DIGEST_BYTES;
      if (bytes[hash] === 0 && bytes[hash + 1] === 0) return lane;
    }
    return null;
  }
}

const PEERS_A_STEP = 4;
