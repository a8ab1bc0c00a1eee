/** One guardian at a URL, without a database: for the ceremony, and for checking a password. */
import { createSystem } from "../../actors/mod.ts";
import { refTo } from "../../actors/protocol.ts";
import type { RpcMessage } from "../../actors/rpc/mod.ts";
import { apiSecretHeaders, rpcConnection } from "../../actors/rpc/mod.ts";
import { child, supervisor } from "../../actors/supervisor.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import { ConnectedFederationApi } from "../federation/api.ts";
import type { Session } from "./session.ts";

/** The number that the reference gives a guardian that has none yet; seen in errors only. */
export const SETUP_PEER: PeerId = 1024;

export type Endpoint = {
  readonly url: string;
  readonly peer: PeerId;
  /** Secret. */
  readonly apiSecret: string | null;
};

export async function withEndpoint<T>(
  { io, log }: Session,
  { url, peer, apiSecret }: Endpoint,
  use: (api: ConnectedFederationApi) => Promise<T>,
): Promise<T> {
  const { platform } = io;
  const system = createSystem({ platform, log });
  await system.start(
    supervisor("endpoint", {
      children: [child(rpcConnection, { id: "guardian", args: { url, ...apiSecretHeaders(apiSecret) } })],
    }),
  );
  try {
    const connections = new Map([[peer, refTo<RpcMessage>("endpoint/guardian")]]);
    const peers = numPeers(1);
    return await use(
      new ConnectedFederationApi({ sender: system, platform, connections, peers, module: null, closing: io.signal }),
    );
  } finally {
    await system.stop();
  }
}
