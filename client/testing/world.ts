/**
 * For tests: a world on virtual time with guardians that answer from a script over real (simulated) WebSockets, and a
 * client's disk that outlives its processes.
 */
import type { Address, Listener, MessageSocket, Platform } from "../../actors/platform/platform.ts";
import { SimulatedWorld } from "../../actors/platform/simulated/mod.ts";
import type { WorldOptions } from "../../actors/platform/simulated/mod.ts";
import { MESSAGE_BYTES_MAX, METHOD_NOT_FOUND } from "../../actors/rpc/mod.ts";
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import type { Store } from "../../actors/store/mod.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { isJsonObject, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { FedimintError } from "../../core/result.ts";
import type { PeerId } from "../../core/types/ids.ts";

const PING_MS = 10_000;

/** A guardian's refusal, with JSON-RPC's code. */
export class Refusal extends FedimintError<{ readonly code: "refused"; readonly rpcCode: number }> {
  constructor(rpcCode: number, message: string) {
    super({ code: "refused", rpcCode }, message);
  }
}

export type Asked = {
  readonly peer: PeerId;
  readonly method: string;
  readonly params: Json;
  readonly auth: string | null;
  /** Of the WebSocket's upgrade. */
  readonly headers: Headers;
};

/** What a guardian answers. A promise that stays open is an answer that never comes. @throws {Refusal} */
export type Script = (asked: Asked) => Json | Promise<Json>;

export function unknownMethod(): never {
  throw new Refusal(METHOD_NOT_FOUND, "Method not found");
}

/** One message of a client's, and what an honest guardian answers. */
export type Heard = {
  readonly socket: MessageSocket;
  readonly platform: Platform;
  readonly id: number;
  readonly honest: string;
};

/** How a guardian speaks the protocol, message by message. */
export type Behaviour = {
  /** As soon as a client is connected. */
  readonly opened?: (socket: MessageSocket) => void;
  readonly heard: (message: Heard) => void;
  /** Whom it lets connect, by the headers of the upgrade; others get a 401. Default: everybody. */
  readonly admits?: (headers: Headers) => boolean;
  /** Default: what a client takes. */
  readonly messageBytesMax?: number;
};

export const HONEST: Behaviour = { heard: ({ socket, honest }) => socket.send(honest) };

/** The message by which an honest guardian answers one. */
async function answer(text: string, peer: PeerId, headers: Headers, script: Script) {
  const { id, method, params } = parseJson(text) as { id: number; method: string; params: readonly Json[] };
  const [request] = params;
  if (!isJsonObject(request)) throw new Error("a request has one parameter, an object");
  const auth = typeof request.auth === "string" ? request.auth : null;
  try {
    const result = await script({ peer, method, params: request.params ?? null, auth, headers });
    return { id, honest: stringifyJson({ jsonrpc: "2.0", id, result }) };
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const error = { code: thrown.facts.rpcCode, message: thrown.message };
    return { id, honest: stringifyJson({ jsonrpc: "2.0", id, error }) };
  }
}

/** A guardian at an address of the platform's machine, by default an honest one. */
export function serveGuardian(
  platform: Platform,
  at: Address,
  peer: PeerId,
  script: Script,
  { opened, heard, admits = () => true, messageBytesMax = MESSAGE_BYTES_MAX }: Behaviour = HONEST,
): Promise<Listener> {
  return platform.network.serveHttp(at, (request, upgrade) => {
    if (!admits(request.headers)) return new Response(null, { status: 401 });
    const upgraded = upgrade({ messageBytesMax, pingMs: PING_MS });
    void upgraded.socket.then(async (socket) => {
      opened?.(socket);
      for (;;) {
        const text = await socket.receive();
        if (text === null) return;
        // several at a time, as guardians do
        void answer(text, peer, request.headers, script).then(({ id, honest }) =>
          heard({ socket, platform, id, honest })
        );
      }
    });
    return upgraded.response;
  });
}

/** Guardians at ports of the platform's machine. */
export async function serveGuardians(
  platform: Platform,
  ports: ReadonlyMap<PeerId, number>,
  script: Script,
  behaviour: Behaviour = HONEST,
): Promise<void> {
  for (const [peer, port] of ports) {
    await serveGuardian(platform, { hostname: "0.0.0.0", port }, peer, script, behaviour);
  }
}

/** The world, and the machine that the client under test runs on. */
export class ClientWorld {
  readonly world: SimulatedWorld;
  #disks = new Map<string, MemoryBackend>();

  constructor(seed: number, options: WorldOptions = {}) {
    this.world = new SimulatedWorld(seed, options);
  }

  get platform(): Platform {
    return this.world.process("client").platform;
  }

  /**
   * The disk at this path, as the process before left it.
   * @param options.failAtCommit the process' commit that doesn't reach the disk any more, nor any after it: a crash
   */
  openStore(path = "client.kv", options: { readonly failAtCommit?: number } = {}): Promise<Store> {
    const { clock } = this.platform;
    const { failAtCommit = Infinity } = options;
    const onWrite = (count: number): void => {
      if (count >= failAtCommit) throw new Error("the process has crashed");
    };
    const disk = (this.#disks.get(path) ?? new MemoryBackend()).crash({ clock, onWrite });
    this.#disks.set(path, disk);
    return openMemoryStore({ clock, backend: disk });
  }

  /** A copy of what is on a disk, as of a folder that somebody copies while no process has it open. */
  copyStore(from: string, to: string): void {
    const disk = this.#disks.get(from);
    if (!disk) throw new Error(`there is no disk at ${from}`);
    this.#disks.set(to, disk.copy({ clock: this.platform.clock }));
  }

  /** Lets the world go on until the promise is settled. */
  finish<T>(promise: Promise<T>, forMs = 3_600_000): Promise<T> {
    return this.world.finish(promise, { forMs });
  }
}

/**
 * `a.b: number` and so on for all members, sorted: what two outputs of one shape have in common. Keys of digits or hex
 * count as one.
 */
export function shapeOf(json: Json, path = "$"): string[] {
  if (Array.isArray(json)) {
    return [...new Set((json as readonly Json[]).flatMap((item) => shapeOf(item, `${path}[]`)))].sort();
  }
  if (!isJsonObject(json)) return [`${path}: ${json === null ? "null" : typeof json}`];
  const members = Object.entries(json as JsonObject).flatMap(([key, value]) =>
    shapeOf(value, `${path}.${/^([0-9]+|[0-9a-f]{64})$/.test(key) ? "*" : key}`)
  );
  return [...new Set(members)].sort();
}
