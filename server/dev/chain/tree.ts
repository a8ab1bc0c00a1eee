/** The dev chain's whole tree: the chain, and behind it the socket that bitcoind's clients call. */
import type { Address } from "../../../actors/platform/platform.ts";
import { child, refTo, supervisor } from "../../../actors/mod.ts";
import type { SupervisorSpec } from "../../../actors/mod.ts";
import type { DevchainMessage, DevchainSettings } from "./actor.ts";
import { devchain } from "./actor.ts";
import type { DevchainServerSettings } from "./server.ts";
import { devchainServer } from "./server.ts";

export type DevchainTreeSettings = DevchainSettings & Pick<DevchainServerSettings, "credentials" | "stopAsked"> & {
  /** Where it answers JSON-RPC. */
  readonly address: Address;
};

/** Loading a long chain takes a while, and what is under way when it stops is finished. */
const SHUTDOWN_MS = 30_000;

/** @param id its path; the last part of it when it is put into a larger tree, whose path is `parent` */
export function devchainTree(
  settings: DevchainTreeSettings,
  { id = "devchain", parent = "" }: { readonly id?: string; readonly parent?: string } = {},
): SupervisorSpec {
  const { store, blockIntervalMs, premineBlocks, address, credentials, stopAsked } = settings;
  const chain = refTo<DevchainMessage>(`${parent === "" ? "" : `${parent}/`}${id}/chain`);
  return supervisor(id, {
    strategy: "rest_for_one",
    children: [
      child(devchain, { id: "chain", args: { store, blockIntervalMs, premineBlocks }, shutdownMs: SHUTDOWN_MS }),
      child(devchainServer, { args: { address, credentials, chain, stopAsked } }),
    ],
  });
}
