/**
 * Deposit addresses of a wallet, and the search for those that pass the federation's filter: one index in 65,536 does,
 * and a user waits for it. So indices are tried by the batch: all that is the same for each is done once, points are
 * added many at a time, and t·G is computed once for all guardians' keys. About 60 µs an index for four guardians, 4 s
 * a search, on one core: what the reference needs. Follows fedimint-walletv2-client 0.13.0 (`derive_tweak`,
 * `next_valid_index`); docs/protocol/05-wallet.md §7, §9.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, utf8 } from "../../../core/bytes.ts";
import type { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import { publicKeyOf } from "../../../core/crypto/secp.ts";
import { sortedMultisigScript } from "../../../core/bitcoin/mod.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { MultisigKeys } from "../scripts.ts";
import { depositTweak, isPotentialReceive, keysHash, outputScriptOf } from "../scripts.ts";
import { BatchAdder, newPoints, setPoint, writePoint } from "./search/batch.ts";
import type { Points } from "./search/batch.ts";
import { Multiples, SCALAR_BYTES } from "./search/multiples.ts";

/** What a search needs. Holds a secret. */
export type AddressSearch = {
  readonly keys: MultisigKeys;
  readonly hashOfKeys: Bytes;
  readonly moduleSecret: DerivableSecret;
};

export function addressSearch(keys: MultisigKeys, moduleSecret: DerivableSecret): AddressSearch {
  return { keys, hashOfKeys: keysHash(keys), moduleSecret };
}

/** An index' 32-byte secret key, 33-byte public key and output script. `secret` is secret. */
export type DepositAddress = { readonly secret: Bytes; readonly publicKey: Bytes; readonly script: Bytes };

export function addressAt({ keys, moduleSecret }: AddressSearch, index: number): DepositAddress {
  const secret = moduleSecret.child(index).secpKey();
  const publicKey = publicKeyOf(secret);
  return { secret, publicKey, script: outputScriptOf(keys, depositTweak(publicKey)) };
}

/** Indices tried at once; every step of the search is some milliseconds long. */
const BATCH = 512;
const PUBLIC_KEY_BYTES = 33;
/** In a multisig script: behind the threshold, which never exceeds 16, and the first push. */
const FIRST_KEY = 2;

/** The search's own tree of keys: `moduleSecret.child(i).secpKey()` with what all indices share computed once. */
class ChildKeys {
  readonly #parent: ReturnType<typeof hmac.create>;
  readonly #childInfo = concat(utf8("childkey"), new Uint8Array(8), Uint8Array.of(1));
  readonly #keyInfo = concat(utf8("secp256k"), new Uint8Array(8), Uint8Array.of(1));
  readonly #index = new DataView(this.#childInfo.buffer, 8, 8);

  constructor(moduleSecret: DerivableSecret) {
    this.#parent = hmac.create(sha512, moduleSecret.toBytes().slice(-64));
  }

  /** 32 bytes. Secret. The one in 2^128 that is no key is not looked at: its index is none that passes. */
  at(index: number): Uint8Array {
    this.#index.setBigUint64(0, BigInt(index));
    const child = this.#parent.clone().update(this.#childInfo).digest();
    return hmac(sha512, child, this.#keyInfo).subarray(0, 32);
  }
}

/** The multisig scripts of a batch: a template, into which a tweaked set of keys is written in its order. */
class Scripts {
  readonly #guardians: readonly Points[];
  readonly #sums: readonly Points[];
  readonly #adder = new BatchAdder(BATCH);
  readonly #script: Bytes;
  readonly #view: DataView;
  readonly #filtered: Bytes;

  constructor({ keys, hashOfKeys }: AddressSearch) {
    const { threshold } = numPeers(keys.size);
    this.#guardians = [...keys.values()].map((key) => {
      const repeated = newPoints(BATCH);
      setPoint(repeated, 0, key);
      repeated.x.fill(repeated.x[0]!);
      repeated.y.fill(repeated.y[0]!);
      return repeated;
    });
    this.#sums = this.#guardians.map(() => newPoints(BATCH));
    this.#script = sortedMultisigScript(threshold, [...keys.values()]);
    this.#view = new DataView(this.#script.buffer);
    // CompactSize of 34 · OP_0 · push of 32 · the script's hash · the keys' hash: what the filter looks at
    this.#filtered = concat(Uint8Array.of(34, 0, 32), new Uint8Array(32), hashOfKeys);
  }

  /** Adds the tweaks' points to every guardian's key. */
  tweak(count: number, tweakPoints: Points): void {
    for (const [peer, points] of this.#guardians.entries()) {
      this.#adder.add(count, points, tweakPoints, this.#sums[peer]!);
    }
  }

  passes(at: number): boolean {
    const keys = this.#sums.map(({ x, y }) => ({ x: x[at]!, y: y[at]! }));
    // the order of compressed points: by their first byte, which is that of y's parity, then by x
    keys.sort((a, b) => (a.y & 1n) === (b.y & 1n) ? (a.x < b.x ? -1 : 1) : a.y & 1n ? 1 : -1);
    for (const [position, { x, y }] of keys.entries()) {
      writePoint(this.#view, FIRST_KEY + position * (PUBLIC_KEY_BYTES + 1), x, y);
    }
    this.#filtered.set(sha256(this.#script), 3);
    const hash = sha256(this.#filtered);
    return hash[0] === 0 && hash[1] === 0;
  }
}

/**
 * Tries indices from `from` on, in steps of a few milliseconds: whoever drives it lets others work in between. Each
 * step yields the index below which none is left to try.
 * @returns the first index that passes; or `end` when none below it does
 */
export function* searchSteps(search: AddressSearch, from: number, end: number): Generator<number, number> {
  return yield* stepsWith(yield* named(from, Multiples.build(BATCH)), search, from, end);
}

function* stepsWith(multiples: Multiples, search: AddressSearch, from: number, end: number): Generator<number, number> {
  const childKeys = new ChildKeys(search.moduleSecret), scripts = new Scripts(search);
  const points = newPoints(BATCH), publicKey = new DataView(new ArrayBuffer(PUBLIC_KEY_BYTES));
  for (let first = from; first < end; first += BATCH) {
    const count = Math.min(BATCH, end - first);
    const scalars = new Uint8Array(count * SCALAR_BYTES);
    for (let i = 0; i < count; i++) scalars.set(childKeys.at(first + i), i * SCALAR_BYTES);
    yield first;
    yield* named(first, multiples.of(scalars, points));
    for (let i = 0; i < count; i++) {
      writePoint(publicKey, 0, points.x[i]!, points.y[i]!);
      scalars.set(sha256(new Uint8Array(publicKey.buffer)), i * SCALAR_BYTES);
    }
    yield* named(first, multiples.of(scalars, points));
    scripts.tweak(count, points);
    for (let i = 0; i < count; i++) {
      if (!scripts.passes(i)) continue;
      const { script } = addressAt(search, first + i);
      assert(isPotentialReceive(script, search.hashOfKeys), "an address that was found is one by the plain way too");
      return first + i;
    }
    yield first + count;
  }
  return end;
}

/** The steps of a part, all with the search's own position. */
function* named<T>(position: number, part: Generator<void, T>): Generator<number, T> {
  for (;;) {
    const { done, value } = part.next();
    if (done) return value;
    yield position;
  }
}

/** For searches in one go: a thread has many, and the table takes longer than some of them. */
let kept: Multiples | null = null;

/** The search in one go. @returns the first index in from … end − 1 that passes, or null */
export function searchAddress(search: AddressSearch, from: number, end: number): number | null {
  kept ??= whole(Multiples.build(BATCH));
  const found = whole(stepsWith(kept, search, from, end));
  return found < end ? found : null;
}

function whole<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value as T;
  }
}
