/** A config that says nothing, or nonsense, of where guardians are and how they are known. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fromHex } from "../../core/bytes.ts";
import { SetupError } from "./error.ts";
import type { GuardianConfig } from "./guardian_config.ts";
import { addressesOfConfig, tlsOfConfig } from "./peer_addresses.ts";
import { dealtMeta } from "../setup/testing/ceremony.ts";

const CONFIG = (await dealtMeta())[0]!;

function withConsensus(change: Partial<GuardianConfig["consensus"]>): GuardianConfig {
  return { ...CONFIG, consensus: { ...CONFIG.consensus, ...change } };
}

function withCertificate(peer: number, certificate: string): GuardianConfig {
  return withConsensus({ tlsCerts: new Map(CONFIG.consensus.tlsCerts).set(peer, certificate) });
}

function withKey(tlsKey: string | null): GuardianConfig {
  return { ...CONFIG, private: { ...CONFIG.private, tlsKey } };
}

function refused(read: () => unknown, text: string): void {
  const error = assertThrows(read, SetupError, text);
  assertEquals(error.code, "config_mismatch");
  assertStringIncludes(error.message, "from a backup");
}

Deno.test("a whole config says where all guardians are, and what we are known by", () => {
  const addresses = addressesOfConfig(CONFIG);
  assertEquals([...addresses.keys()], [0, 1, 2, 3]);
  assertEquals(addresses.get(2)!.hostname, "g2");
  assertEquals(addresses.get(2)!.port, 8173);
  assertEquals(tlsOfConfig(CONFIG).privateKey, fromHex(CONFIG.private.tlsKey!));
});

Deno.test("a guardian without address or certificate, or with one that is no hex, is told by its id", () => {
  const p2pEndpoints = new Map(CONFIG.local.p2pEndpoints);
  p2pEndpoints.delete(2);
  refused(() => addressesOfConfig({ ...CONFIG, local: { ...CONFIG.local, p2pEndpoints } }), "no address of guardian 2");
  const tlsCerts = new Map(CONFIG.consensus.tlsCerts);
  tlsCerts.delete(2);
  refused(() => addressesOfConfig(withConsensus({ tlsCerts })), "no certificate of guardian 2");
  for (const bad of ["", "abc", "zz"]) {
    refused(() => addressesOfConfig(withCertificate(2, bad)), "no certificate of guardian 2");
    refused(() => tlsOfConfig(withCertificate(0, bad)), "no certificate of this guardian");
  }
});

Deno.test("a TLS key that is no hex is refused, and not told", () => {
  for (const bad of ["", "abc", `${CONFIG.private.tlsKey}x`]) {
    refused(() => tlsOfConfig(withKey(bad)), "The TLS key in private.json is damaged");
  }
  const error = assertThrows(() => tlsOfConfig(withKey(`${CONFIG.private.tlsKey}x`)));
  assert(!Deno.inspect(error).includes(CONFIG.private.tlsKey!));
});

Deno.test("a guardian of an iroh federation is told so", () => {
  for (const config of [withKey(null), withConsensus({ tlsCerts: new Map() })]) {
    assertThrows(() => tlsOfConfig(config), SetupError, "iroh");
  }
});
