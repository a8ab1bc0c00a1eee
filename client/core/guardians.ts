/**
 * A client's connections to guardians: those that it keeps, by the URLs it knows, and others for one use, as when it
 * looks at a federation that it hasn't joined.
 */
import type { Platform } from "../../actors/platform/platform.ts";
import { refTo } from "../../actors/protocol.ts";
import type { RpcMessage, RpcRef } from "../../actors/rpc/mod.ts";
import { apiSecretHeaders, rpcConnection } from "../../actors/rpc/mod.ts";
import { child } from "../../actors/supervisor.ts";
import type { ActorSystem } from "../../actors/system.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import { ConnectedFederationApi } from "../federation/api.ts";
import type { ConnectionsEnv } from "../federation/connections.ts";
import type { JoinTools } from "../federation/join.ts";
import { GUARDIANS } from "../tree.ts";
import type { Running } from "./running.ts";

export type GuardiansEnv = {
  readonly system: ActorSystem;
  readonly platform: Platform;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
};

export class Guardians {
  readonly #env: GuardiansEnv;
  /** For names of connections for one use. */
  #uses = 0;
  /** What the connections that stay were made for. */
  #stay: Connected | null = null;

  constructor(env: GuardiansEnv) {
    this.#env = env;
  }

  /** Connections that stay: one to a guardian. Those that a join has made for the same are kept. */
  async connect(urls: ReadonlyMap<PeerId, string>, apiSecret: string | null): Promise<void> {
    if (this.#stay && isSame(this.#stay, { urls, apiSecret })) return;
    await this.#disconnect();
    this.#stay = { urls, apiSecret };
    await this.#connect(urls, apiSecret, "");
  }

  async #disconnect(): Promise<void> {
    const { urls = new Map() } = this.#stay ?? {};
    this.#stay = null;
    for (const peer of urls.keys()) await this.#env.system.stopChild(pathOf(peer));
  }

  /** Those that stay, whether they are made already or not. */
  connections(urls: ReadonlyMap<PeerId, string>): Map<PeerId, RpcRef> {
    return new Map([...urls.keys()].map((peer) => [peer, refTo(pathOf(peer))]));
  }

  /** Connections that stay, made anew in the place of those that were. */
  async reconnect(urls: ReadonlyMap<PeerId, string>, apiSecret: string | null): Promise<void> {
    for (const peer of urls.keys()) await this.#env.system.stopChild(pathOf(peer));
    await this.#connect(urls, apiSecret, "");
    this.#stay = { urls: new Map([...this.#stay?.urls ?? [], ...urls]), apiSecret };
  }

  async #connect(
    urls: ReadonlyMap<PeerId, string>,
    apiSecret: string | null,
    prefix: string,
  ): Promise<Map<PeerId, RpcRef>> {
    const connections = new Map<PeerId, RpcRef>();
    for (const [peer, url] of urls) {
      const id = `${prefix}guardian:${peer}`;
      await this.#env.system.startChild(
        GUARDIANS,
        child(rpcConnection, { id, args: { url, ...apiSecretHeaders(apiSecret) } }),
      );
      connections.set(peer, refTo(`${GUARDIANS}/${id}`));
    }
    return connections;
  }

  /** For the time of `use`: connections of its own to guardians at these URLs. */
  async with<T>(
    urls: ReadonlyMap<PeerId, string>,
    apiSecret: string | null,
    use: (api: ConnectedFederationApi) => Promise<T>,
  ): Promise<T> {
    const connections = await this.#connect(urls, apiSecret, `once${this.#uses++}:`);
    try {
      return await use(this.#apiOf(connections));
    } finally {
      for (const { path } of connections.values()) await this.#env.system.stopChild(path);
    }
  }

  #apiOf(connections: ReadonlyMap<PeerId, RpcRef>): ConnectedFederationApi {
    const { system, platform, closing } = this.#env, peers = numPeers(connections.size);
    return new ConnectedFederationApi({ sender: system, platform, connections, peers, module: null, closing });
  }

  /**
   * A join, whose uses come one after the other and mostly mean the same guardians: connections are made once for all
   * of them, and are those that stay. Whatever is thrown, none is left.
   */
  async joining<T>(join: (tools: JoinTools) => Promise<T>): Promise<T> {
    const withGuardians: JoinTools["withGuardians"] = async (urls, apiSecret, use) => {
      await this.connect(urls, apiSecret);
      try {
        return await use(this.#apiOf(this.connections(urls)));
      } catch (thrown) {
        // who tries again begins anew
        await this.#disconnect();
        throw thrown;
      }
    };
    try {
      return await join({ platform: this.#env.platform, withGuardians });
    } catch (thrown) {
      await this.#disconnect();
      throw thrown;
    }
  }

  /** What a look at a federation needs. */
  get joinTools(): JoinTools {
    return {
      platform: this.#env.platform,
      withGuardians: (urls, apiSecret, use) => this.with(urls, apiSecret, use),
    };
  }

  /** For whoever looks at the connections that stay. @param running as it is when it is called */
  watch(running: () => Running): ConnectionsEnv {
    const guardians = () => {
      const { urls, joined: { config: { global } } } = running();
      return [...urls].sort(([a], [b]) => a - b).map(([peer, url]) => ({
        peer,
        url,
        name: global.apiEndpoints.get(peer)?.name ?? "",
        connection: refTo<RpcMessage>(pathOf(peer)),
      }));
    };
    return { sender: this.#env.system, clock: this.#env.platform.clock, guardians };
  }
}

function pathOf(peer: PeerId): string {
  return `${GUARDIANS}/guardian:${peer}`;
}

type Connected = { readonly urls: ReadonlyMap<PeerId, string>; readonly apiSecret: string | null };

function isSame(a: Connected, b: Connected): boolean {
  return a.apiSecret === b.apiSecret && a.urls.size === b.urls.size &&
    [...a.urls].every(([peer, url]) => b.urls.get(peer) === url);
}
