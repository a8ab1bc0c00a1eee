/**
 * For the tests of this folder: a world in memory with a clock moved by hand, dice with a seed, and HTTP between its
 * parts; and a dev chain in it.
 */
import { NetworkError } from "../../../actors/platform/error.ts";
import { retryAfterOf } from "../../../actors/platform/retry_after.ts";
import type { Address, HttpHandler, Network, Platform } from "../../../actors/platform/platform.ts";
import { SimulatedDice } from "../../../actors/platform/simulated/dice.ts";
import type { LogRecord } from "../../../actors/logger.ts";
import { loggerFor } from "../../../actors/logger.ts";
import { MemoryBackend, openMemoryStore } from "../../../actors/store/mod.ts";
import { ManualClock } from "../../../actors/store/testing/mod.ts";
import { unreachable } from "../../../core/assert.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import { Devnode } from "../../dev/chain/devnode.ts";
import { RpcError } from "../../dev/chain/error.ts";
import { dispatch } from "../../dev/chain/rpc/dispatch.ts";

/** HTTP by function calls. A port that nobody serves, or that was cut off, is unreachable. */
export class MemoryHttp {
  readonly cut = new Set<number>();
  /** Made so far. */
  fetches = 0;
  readonly #handlers = new Map<number, HttpHandler>();

  readonly serveHttp: Network["serveHttp"] = (address, handler) => {
    if (this.#handlers.has(address.port)) {
      return Promise.reject(new NetworkError({ code: "address_in_use", target: String(address.port) }, "In use"));
    }
    this.#handlers.set(address.port, handler);
    const close = (): Promise<void> => {
      this.#handlers.delete(address.port);
      return Promise.resolve();
    };
    return Promise.resolve({ address, close });
  };

  readonly fetch: Network["fetch"] = async (url, options) => {
    this.fetches++;
    const { hostname, port } = new URL(url);
    const handler = this.#handlers.get(Number(port));
    if (handler === undefined || this.cut.has(Number(port))) {
      throw new NetworkError({ code: "unreachable", target: hostname }, "Nobody listens");
    }
    const init = { method: options.method ?? "GET", headers: options.headers ?? {} };
    const request = new Request(url, options.body === undefined ? init : { ...init, body: options.body });
    const remote: Address = { hostname: "127.0.0.1", port: 1 };
    const response = await handler(request, () => unreachable("no upgrades" as never), remote);
    const body = new Uint8Array(await response.arrayBuffer());
    if (body.length > options.bodyBytesMax) {
      throw new NetworkError({ code: "too_large", target: hostname }, "Too large");
    }
    return { status: response.status, body, ...retryAfterOf(response.headers.get("retry-after"), 0) };
  };
}

export type World = {
  readonly platform: Platform;
  readonly clock: ManualClock;
  readonly http: MemoryHttp;
  readonly records: LogRecord[];
  /** `level: message` without debug. */
  lines(): string[];
};

export function world(seed = "seed"): World {
  const clock = new ManualClock();
  const http = new MemoryHttp();
  const records: LogRecord[] = [];
  const network = { serveHttp: http.serveHttp, fetch: http.fetch } as unknown as Network;
  return {
    clock,
    http,
    records,
    platform: {
      clock,
      dice: new SimulatedDice(seed, "world"),
      network,
      files: {} as Platform["files"],
      threads: {} as Platform["threads"],
    },
    lines: () => records.filter(({ level }) => level !== "debug").map(({ level, message }) => `${level}: ${message}`),
  };
}

/** A dev chain on a disk in memory, called as `bitcoin-cli` would. */
export type TestChain = {
  readonly world: World;
  readonly disk: MemoryBackend;
  readonly node: Devnode;
  /** Result as plain JSON; an error is thrown. */
  call<T = Json>(method: string, ...params: readonly Json[]): Promise<T>;
  /** `code: message` of the error that a call must end with. */
  failure(method: string, ...params: readonly Json[]): Promise<string>;
  mine(count: number): Promise<string[]>;
  /** The disk as it is after a kill, opened again. */
  killed(): Promise<TestChain>;
};

export async function testChain(options: { disk?: MemoryBackend; world?: World } = {}): Promise<TestChain> {
  const here = options.world ?? world();
  const disk = options.disk ?? new MemoryBackend();
  const store = await openMemoryStore({ clock: here.clock, backend: disk });
  const node = await Devnode.open(store, here.platform, loggerFor("devchain", (record) => here.records.push(record)));
  const call = async <T>(method: string, ...params: readonly Json[]): Promise<T> =>
    // through text, as a caller gets it
    JSON.parse(stringifyJson(await dispatch(node, method, parseJson(stringifyJson(params)))));
  return {
    world: here,
    disk,
    node,
    call,
    failure: async (method, ...params) => {
      try {
        await call(method, ...params);
      } catch (thrown) {
        if (thrown instanceof RpcError) return `${thrown.facts.rpcCode}: ${thrown.message}`;
        throw thrown;
      }
      throw new Error(`${method} did not fail`);
    },
    mine: (count) => node.generate(count, node.wallet.scriptAt(0)),
    killed: () => testChain({ world: here, disk: disk.crash() }),
  };
}
