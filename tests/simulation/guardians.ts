/** How guardians of a simulated world are started: each on a machine of its own, all alike. */
import type { GuardianOptions } from "../../server/guardian.ts";
import { builtInModules } from "../../server/modules.ts";

export const BITCOIN = { url: "http://bitcoin:18443", username: "user", password: "password" };
export const API_PASSWORD = "pass";
export const DATA_DIR = "/data";

/** Five times as long as the program takes in test federations: asking costs a sixth of what an idle world takes. */
const BITCOIN_POLL_MS = 500;

/** @param own what is the guardian's own, and what is other than with the rest */
export function guardianOptions(
  own: Pick<GuardianOptions, "platform" | "store" | "log"> & Partial<GuardianOptions>,
): GuardianOptions {
  return {
    definitions: builtInModules,
    dataDir: DATA_DIR,
    bindP2p: { hostname: "0.0.0.0", port: 8173 },
    bindApi: { hostname: "0.0.0.0", port: 8174 },
    bitcoin: { backend: { kind: "bitcoind", bitcoind: BITCOIN }, pollMs: BITCOIN_POLL_MS },
    setup: {
      apiUrl: null,
      p2pUrl: null,
      network: "regtest",
      defaultModules: [],
      availableModules: [],
      disableBaseFees: false,
    },
    apiPassword: API_PASSWORD,
    apiSecrets: [],
    apiConnectionsPerAddress: 1_000,
    sessionTimeoutMs: 600_000,
    testEnvironment: true,
    ...own,
  };
}
