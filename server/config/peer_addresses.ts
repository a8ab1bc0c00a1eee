/** Where the other guardians are and how they are known: of setup codes before the ceremony, of the config after it. */
import type { TlsIdentity } from "../../actors/platform/platform.ts";
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromHex, isHex } from "../../core/bytes.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { PeerSetupCode } from "../../core/types/setup_code.ts";
import type { PeerAddress } from "../peers/tree.ts";
import { SetupError } from "./error.ts";
import type { GuardianConfig } from "./guardian_config.ts";
import { mismatch } from "./guardian_config.ts";

const DEFAULT_P2P_PORT = 8173;

function peerAddress(url: string, name: string, certificate: Bytes): PeerAddress {
  // WHATWG knows no port of this scheme, so what is written is what is used
  const { hostname, port } = new URL(url);
  return {
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? DEFAULT_P2P_PORT : Number(port),
    name,
    certificate,
  };
}

export function addressesOfCodes(codes: ReadonlyMap<PeerId, PeerSetupCode>): Map<PeerId, PeerAddress> {
  return new Map([...codes].map(([peer, { name, endpoints }]) => {
    assert(endpoints.tag === "Tcp", "setup takes only guardians that are reached by TCP");
    return [peer, peerAddress(endpoints.value.p2pUrl, name, endpoints.value.cert)];
  }));
}

/** @throws {SetupError} `config_mismatch` that says what is wrong, without the text: it may be secret */
function bytesOf(hex: string | undefined, wrong: string): Bytes {
  if (!hex || !isHex(hex)) throw mismatch(wrong);
  return fromHex(hex);
}

/** The federation's guardians, ourselves among them. @throws {SetupError} `config_mismatch` */
export function addressesOfConfig({ consensus, local }: GuardianConfig): Map<PeerId, PeerAddress> {
  return new Map([...consensus.apiEndpoints.keys()].map((peer) => {
    const endpoint = local.p2pEndpoints.get(peer);
    if (!endpoint) throw mismatch(`local.json has no address of guardian ${peer}`);
    const certificate = bytesOf(consensus.tlsCerts.get(peer), `consensus.json has no certificate of guardian ${peer}`);
    return [peer, peerAddress(endpoint.url, endpoint.name, certificate)];
  }));
}

/**
 * What the others know us by. Secret. @throws {SetupError} `config_mismatch`, also for a guardian of an iroh federation
 */
export function tlsOfConfig({ consensus, local, private: secret }: GuardianConfig): TlsIdentity {
  const certificate = consensus.tlsCerts.get(local.identity);
  if (secret.tlsKey === null || certificate === undefined) {
    throw new SetupError(
      { code: "config_mismatch", path: "" },
      "This guardian's federation is reached by iroh, which this program does not speak",
    );
  }
  return {
    certificate: bytesOf(certificate, "consensus.json has no certificate of this guardian"),
    privateKey: bytesOf(secret.tlsKey, "The TLS key in private.json is damaged"),
  };
}
