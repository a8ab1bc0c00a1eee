/**
 * What tests of modules hand to a module: a platform without a world, a logger that keeps its records, a look at the
 * store.
 */
import type { LogRecord } from "../../../actors/logger.ts";
import { loggerFor } from "../../../actors/logger.ts";
import type { Clock, Dice, Network, Platform } from "../../../actors/platform/platform.ts";
import type { MemoryBackend } from "../../../actors/store/memory.ts";
import { openMemoryStore } from "../../../actors/store/memory.ts";
import type { Store, StoreView } from "../../../actors/store/store.ts";
import { toHex } from "../../../core/bytes.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { G1, G2, Group } from "../../../core/crypto/bls/mod.ts";
import { bls } from "../../../core/crypto/bls/mod.ts";
import { commitmentOf, evaluateScalars, randomPolynomial } from "../../../core/crypto/polynomial.ts";
import type { Codec } from "../../../core/encoding/mod.ts";
import { decode, encode } from "../../../core/encoding/mod.ts";
import { err } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { BitcoinSource } from "../bitcoin.ts";
import type { DkgKey, DkgRounds, OtherGuardians, ServerModuleEnv } from "../server.ts";

/** The same numbers for the same seed (xorshift). Not for anything but tests. */
export function seededDice(seed: number): Dice {
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  return {
    bytes: (size) => Uint8Array.from({ length: size }, () => next() & 0xff) as Bytes,
    fraction: () => next() / 2 ** 32,
    below: (bound) => next() % bound,
  };
}

function absent(what: string): never {
  throw new Error(`This test has no ${what}`);
}

/** Only dice, and a clock and a network if given; a module that reaches for the rest fails its test. */
export function dicePlatform(seed: number, clock?: Clock, network?: Network): Platform {
  return {
    dice: seededDice(seed),
    get clock(): Clock {
      return clock ?? absent("clock");
    },
    get network(): Network {
      return network ?? absent("network");
    },
    get files(): never {
      return absent("files");
    },
    get threads(): never {
      return absent("threads");
    },
  };
}

/** Stands still: tests of modules without time. */
const stoppedClock: Clock = { nowMs: () => 0, monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) };

/** A store in memory, on a new disk unless one is given. */
export function testStore(backend?: MemoryBackend): Promise<Store> {
  return openMemoryStore({ clock: stoppedClock, ...(backend && { backend }) });
}

const noBitcoin: BitcoinSource = {
  status: () => absent("Bitcoin node"),
  blockAt: () => absent("Bitcoin node"),
  broadcast: () => absent("Bitcoin node"),
};

/** What a module is started with; unless said otherwise without Bitcoin and on a clock that stands still. */
export function testEnv<Config, Private>(options: {
  readonly store: StoreView;
  readonly config: Config;
  readonly privateConfig: Private;
  readonly identity?: number;
  readonly guardians?: number;
  readonly seed?: number;
  readonly records?: LogRecord[];
  /** Default: none; a module that reaches for it fails its test. */
  readonly clock?: Clock;
  /** Default: none. */
  readonly bitcoin?: BitcoinSource;
  /** Default: none that answers. */
  readonly others?: OtherGuardians;
}): ServerModuleEnv<Config, Private> {
  return {
    instance: 0,
    identity: options.identity ?? 0,
    peers: numPeers(options.guardians ?? 4),
    config: options.config,
    privateConfig: options.privateConfig,
    store: options.store,
    bitcoin: options.bitcoin ?? noBitcoin,
    guardians: options.others ?? { ask: () => Promise.resolve(err("no other guardian answers in this test")) },
    platform: dicePlatform(options.seed ?? 1, options.clock),
    log: loggerFor("test", (record) => void options.records?.push(record)),
    testEnvironment: true,
    signal: new AbortController().signal,
  };
}

function dealKey<P extends G1 | G2, R extends object>(group: Group<P, R>, total: number, dice: Dice): DkgKey[] {
  const coefficients = randomPolynomial(numPeers(total).threshold, (size) => dice.bytes(size));
  const polynomial = commitmentOf(group, coefficients);
  return Array.from({ length: total }, (_, peer) => ({ share: evaluateScalars(coefficients, peer), polynomial }));
}

/** What all guardians send in one exchange of the ceremony. */
class Exchange {
  readonly #sent = new Map<PeerId, Bytes>();
  readonly #all = Promise.withResolvers<void>();

  async of<T>(identity: PeerId, total: number, codec: Codec<T>, own: T): Promise<Map<PeerId, T>> {
    this.#sent.set(identity, encode(codec, own));
    if (this.#sent.size === total) this.#all.resolve();
    await this.#all.promise;
    const inOrder = [...this.#sent].sort(([a], [b]) => a - b);
    return new Map(inOrder.map(([peer, bytes]) => [peer, decode(codec, bytes)]));
  }
}

/**
 * The ceremony as a trusted dealer plays it: the n-th key that a guardian asks for belongs to the n-th of every other
 * one. Where values are exchanged all guardians must run at the same time.
 */
export function dealtRounds(total: number, dice: Dice): DkgRounds[] {
  const keys: DkgKey[][] = [], exchanges: Exchange[] = [];
  return Array.from({ length: total }, (_, identity): DkgRounds => {
    let next = 0, nextExchange = 0;
    const key = (deal: () => DkgKey[]): Promise<DkgKey> => {
      const dealt = keys[next] ??= deal();
      next++;
      return Promise.resolve(dealt[identity]!);
    };
    return {
      identity,
      peers: numPeers(total),
      keyG1: () => key(() => dealKey(bls.g1, total, dice)),
      keyG2: () => key(() => dealKey(bls.g2, total, dice)),
      exchange: (codec, own) => (exchanges[nextExchange++] ??= new Exchange()).of(identity, total, codec, own),
    };
  });
}

/** Everything in a view, `key: value` in hex, in order. */
export function dump(store: StoreView): Promise<string[]> {
  return store.read(async (tx) => {
    const lines: string[] = [];
    for await (const { key, value } of tx.range()) lines.push(`${toHex(key)}: ${toHex(value)}`);
    return lines;
  });
}
