/**
 * Methods about the process itself. `stop` and `help` need more than the chain: `dispatch.ts` and `server.ts` complete
 * them.
 */
import type { Json } from "../../../../core/encoding/mod.ts";
import type { Devnode } from "../devnode.ts";
import { RELAY_FEE_SAT_PER_KVB } from "../params.ts";
import { btc } from "./amounts.ts";
import type { Method } from "./method.ts";

/**
 * What clients take for a node's version: that of the Bitcoin Core whose answers these are. LND reads it from the text
 * and speaks otherwise with a node that is no Satoshi of its kind.
 */
const CORE_VERSION = 290_000;
const CORE_SUBVERSION = "/Satoshi:29.0.0/";

function networkInfo(_node: Devnode): Json {
  return {
    version: CORE_VERSION,
    subversion: CORE_SUBVERSION,
    protocolversion: 70_016,
    localservices: "0000000000000000",
    localservicesnames: [],
    localrelay: false,
    timeoffset: 0,
    networkactive: false,
    connections: 0,
    connections_in: 0,
    connections_out: 0,
    networks: [],
    relayfee: btc(RELAY_FEE_SAT_PER_KVB),
    incrementalfee: btc(RELAY_FEE_SAT_PER_KVB),
    localaddresses: [],
    warnings: [],
  };
}

export const CONTROL_METHODS: readonly Method[] = [
  { name: "getnetworkinfo", params: [], help: "What this node is; it has no peers.", call: networkInfo },
  { name: "uptime", params: [], help: "Seconds since the start.", call: (node) => node.uptimeSeconds() },
  { name: "stop", params: [], help: "Ends the process in order.", call: () => "Dev chain stopping" },
];
