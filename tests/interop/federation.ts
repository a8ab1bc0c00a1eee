/** Federations, usually of four, of official guardians, ours, or both, with `fedimint-cli` at the setup ceremony. */
import { join } from "@std/path";
import { realPlatform } from "../../actors/platform/real.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import type { GuardianProgram, SetupCall } from "../../server/dev/federation/federation.ts";
import { DevFederation } from "../../server/dev/federation/federation.ts";
import { run } from "./run.ts";
import type { Suite } from "./suite.ts";
import { demand } from "./suite.ts";

const COMMAND_MS = 300_000;
/** What `fedimintd` wants beside the variables that both implementations know. */
const OFFICIAL_ENV = {
  FM_BIND_UI: "127.0.0.1:0",
  FM_BIND_METRICS: "127.0.0.1:0",
  FM_PASSWORD_UI: "not used",
  FM_ENABLE_IROH: "false",
  FM_SKIP_REL_NOTES_ACK: "1",
};

/** @param fedimintd path of the program */
export function officialGuardian(fedimintd: string): GuardianProgram {
  return { command: [fedimintd], env: OFFICIAL_ENV };
}

export type FederationOptions = {
  /** Path of the program. */
  readonly fedimintCli: string;
  /** Default: 4. */
  readonly peers?: number;
  /** Which guardians run which program; the others are ours. */
  readonly official?: { readonly peers: readonly number[]; readonly fedimintd: string };
  /** What our guardians run; default: as everybody starts them. */
  readonly ours?: GuardianProgram;
  /** Further modules of our guardians, as for `--module`. */
  readonly modules?: readonly string[];
  /** Variables for all guardians. */
  readonly env?: Record<string, string>;
  /** Of its folder in the suite's. */
  readonly name?: string;
  /** Folder of a Bitcoin node; without one the embedded chain is used. */
  readonly bitcoindDir?: string;
};

/** Ends with the suite. */
export async function startFederation(
  suite: Suite,
  { fedimintCli, peers = 4, official, ours, modules = [], env = {}, name = "federation", bitcoindDir }:
    FederationOptions,
): Promise<DevFederation> {
  const federation = await DevFederation.start({
    platform: realPlatform(),
    dir: join(suite.dir, name),
    peers,
    progress: () => undefined,
    signal: suite.signal,
    modules,
    env,
    setup: officialSetup(fedimintCli, suite.signal),
    program: (peer) => official?.peers.includes(peer) ? officialGuardian(official.fedimintd) : ours,
    ...(bitcoindDir !== undefined && { bitcoindDir }),
  });
  suite.onEnd(() => federation.stop());
  return federation;
}

/** The ceremony's calls, made by `fedimint-cli`. */
function officialSetup(fedimintCli: string, signal: AbortSignal): (call: SetupCall) => Promise<Json> {
  return async (call) => {
    const command = [fedimintCli, "--password", call.password, "admin", "setup", call.apiUrl, ...setupWords(call)];
    const { exit, out, err } = await run(command, { withinMs: COMMAND_MS, env: { FM_IN_DEVIMINT: "1" }, signal });
    demand(exit === 0, `${call.method} at ${call.apiUrl}: ${out}${err}`);
    return parseJson(out);
  };
}

function setupWords({ method, params }: SetupCall): string[] {
  if (method === "start_dkg") return ["start-dkg"];
  if (method === "add_peer_setup_code") return ["add-peer", String(params)];
  const { name, federation_name: federation, federation_size: size } = params as JsonObject;
  const leads = federation === null ? [] : ["--federation-name", String(federation), "--federation-size", String(size)];
  return ["set-local-params", String(name), ...leads];
}
