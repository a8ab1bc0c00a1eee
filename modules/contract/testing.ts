/** What tests of server modules hand to a module: a platform without a world, a logger that keeps its records, a look at the store. */
import type { LogRecord } from "../../actors/logger.ts";
import { loggerFor } from "../../actors/logger.ts";
import type { Dice, Platform } from "../../actors/platform/platform.ts";
import type { StoreView } from "../../actors/store/store.ts";
import { toHex } from "../../core/bytes.ts";
import type { Bytes } from "../../core/bytes.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { BitcoinSource } from "./bitcoin.ts";
import type { ServerModuleEnv } from "./server.ts";

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

/** Only dice; a module that reaches for the rest fails its test. */
export function dicePlatform(seed: number): Platform {
  return {
    dice: seededDice(seed),
    get clock(): never {
      return absent("clock");
    },
    get network(): never {
      return absent("network");
    },
    get files(): never {
      return absent("files");
    },
  };
}

const noBitcoin: BitcoinSource = {
  status: () => absent("Bitcoin node"),
  blockAt: () => absent("Bitcoin node"),
  broadcast: () => absent("Bitcoin node"),
};

export function testEnv<Config, Private>(options: {
  readonly store: StoreView;
  readonly config: Config;
  readonly privateConfig: Private;
  readonly identity?: number;
  readonly guardians?: number;
  readonly seed?: number;
  readonly records?: LogRecord[];
}): ServerModuleEnv<Config, Private> {
  return {
    instance: 0,
    identity: options.identity ?? 0,
    peers: numPeers(options.guardians ?? 4),
    config: options.config,
    privateConfig: options.privateConfig,
    store: options.store,
    bitcoin: noBitcoin,
    platform: dicePlatform(options.seed ?? 1),
    log: loggerFor("test", (record) => void options.records?.push(record)),
    testEnvironment: true,
    signal: new AbortController().signal,
  };
}

/** Everything in a view, `key: value` in hex, in order. */
export function dump(store: StoreView): Promise<string[]> {
  return store.read(async (tx) => {
    const lines: string[] = [];
    for await (const { key, value } of tx.range()) lines.push(`${toHex(key)}: ${toHex(value)}`);
    return lines;
  });
}
