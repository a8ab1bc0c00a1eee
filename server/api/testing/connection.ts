/** One connection of the API over a socket of the test. */
import type { ManualPlatform } from "../../../actors/testing/platform.ts";
import { withSystem } from "../../../actors/testing/platform.ts";
import { Handover } from "../../../actors/handover.ts";
import { loggerFor } from "../../../actors/logger.ts";
import { child, supervisor } from "../../../actors/mod.ts";
import type { MessageSocket } from "../../../actors/platform/platform.ts";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import type { BucketTerms } from "../../../core/token_bucket.ts";
import type { Caller } from "../callers.ts";
import { Callers } from "../callers.ts";
import type { Client } from "../connection.ts";
import { apiConnection } from "../connection.ts";
import type { Method } from "../dispatch.ts";
import { LARGE_ANSWER_DEPOSIT } from "../limits.ts";

/** The client's side: what it has sent waits until it is read. */
class FakeSocket implements MessageSocket {
  readonly answers: JsonObject[] = [];
  readonly waiting: string[] = [];
  bufferedBytes = 0;
  closed = false;
  isOver = false;
  #reader: ((message: string | null) => void) | null = null;
  #watcher: (() => void) | null = null;

  send(message: string): void {
    this.answers.push(parseJson(message) as JsonObject);
  }

  arrival(): Promise<void> {
    if (this.waiting.length > 0 || this.isOver) return Promise.resolve();
    return new Promise((resolve) => this.#watcher = resolve);
  }

  receive(): Promise<string | null> {
    const message = this.waiting.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => this.#reader = resolve);
  }

  close(): void {
    this.closed = true;
  }

  ask(message: string): void {
    const reader = this.#reader;
    this.#reader = null;
    if (reader) reader(message);
    else this.waiting.push(message);
    this.#watcher?.();
    this.#watcher = null;
  }

  hangUp(): void {
    this.isOver = true;
    this.#reader?.(null);
    this.#watcher?.();
  }
}

export function request(method: string, id: number): Json {
  return { jsonrpc: "2.0", id, method, params: [{ auth: null, params: null }] };
}

export type Test = {
  readonly socket: FakeSocket;
  readonly clock: ManualPlatform;
  readonly ask: (method: string, id: number) => void;
  /** Signals of calls to `wait`, in order. */
  readonly waits: AbortSignal[];
  /** Ends what calls to `held` do. */
  readonly release: () => void;
  /** Connections that have a place. */
  readonly connections: () => number;
  readonly caller: Caller;
  readonly callers: Callers;
  readonly lines: () => string[];
};

/** No bound over all callers. */
const MUCH = { burst: 1e9, tokens: 1e9, ms: 1 };

export async function connected(body: (test: Test) => Promise<void>, all: BucketTerms = MUCH): Promise<void> {
  const socket = new FakeSocket();
  const waits: AbortSignal[] = [];
  const logged: string[] = [];
  const held: (() => void)[] = [];
  const methods: Record<string, Method> = {
    ping: () => Promise.resolve("pong"),
    whoami: ({ source }) => Promise.resolve(source ?? null),
    // never looks at its signal
    wait: (_request, signal) => {
      waits.push(signal);
      return new Promise(() => {});
    },
    large: Object.assign((_request: unknown, signal: AbortSignal) => {
      waits.push(signal);
      return new Promise<never>(() => {});
    }, { deposit: LARGE_ANSWER_DEPOSIT }),
    // goes on beyond its signal, as what reads the database does
    held: Object.assign(() => new Promise<null>((resolve) => held.push(() => resolve(null))), {
      deposit: LARGE_ANSWER_DEPOSIT,
    }),
    dense: Object.assign(() => Promise.resolve(null), { unitCharacters: 1 }),
    dear: Object.assign(() => Promise.resolve(null), { units: 100 }),
    megabyte: () => Promise.resolve("x".repeat(1_048_576)),
    bug: () => Promise.reject(new TypeError("inner")),
  };
  // the connection begins when the clock is there
  await withSystem([supervisor("connections", { children: [] })], async ({ system, clock }) => {
    const bounds = { connectionsMax: 10, connectionsPerAddress: 10, all };
    const callers = new Callers(bounds, clock.platform.clock);
    const caller = callers.connect({ hostname: "1.2.3.4" }, () => socket.close())!;
    const log = loggerFor("api", (record) => logged.push(`${record.level}: ${record.message}`));
    const handover = new Handover<Client>();
    const id = handover.put({ socket, caller });
    const args = { handover, id, methods: (name: string) => methods[name], log };
    const spec = child(apiConnection, { id: "connection", args, restart: "temporary" });
    await system.startChild("root/connections", spec);
    const ask = (method: string, id: number): void => socket.ask(stringifyJson(request(method, id)));
    await body({
      socket,
      clock,
      ask,
      waits,
      release: () => {
        for (const end of held.splice(0)) end();
      },
      connections: () => callers.connections,
      caller,
      callers,
      lines: () => logged,
    });
  });
}
