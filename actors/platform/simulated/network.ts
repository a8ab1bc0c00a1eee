/** A simulated process' network. */
import type { Network } from "../platform.ts";
import { simulatedFetch, simulatedOpenWebSocket, simulatedServeHttp } from "./http.ts";
import type { Life } from "./machine.ts";
import { simulatedDialTls, simulatedListenTls, simulatedTlsIdentity } from "./tls.ts";

export function simulatedNetwork(life: Life): Network {
  return {
    listenTls: simulatedListenTls(life),
    dialTls: simulatedDialTls(life),
    makeTlsIdentity: simulatedTlsIdentity(life),
    serveHttp: simulatedServeHttp(life),
    openWebSocket: simulatedOpenWebSocket(life),
    fetch: simulatedFetch(life),
  };
}
