/**
 * `dev query-federation-ips`: where a federation's guardians are in the internet, by its invite code: who could look at
 * them all, or take them all away. docs/protocol/02b-cli.md §5.
 */
import type { Command } from "commander";
import { NetworkError } from "../../actors/platform/error.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { FedimintError } from "../../core/result.ts";
import { federationIdOf } from "../../core/types/federation_id.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import type { PeerUrl } from "../../core/types/peer_url.ts";
import { downloadConfig } from "../federation/join.ts";
import { GUARDIAN_ADDRESSES_MAX } from "../limits.ts";
import { readInviteCode } from "../pasted.ts";
import { countArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";
import { addressType } from "./ip_address.ts";
import type { IpInfo } from "./ip_info.ts";
import { askIpInfo } from "./ip_info.ts";
import { asArgument, pastedArgument } from "./pasted.ts";
import type { Session } from "./session.ts";
import { withJoinTools } from "./unjoined.ts";

type Options = { readonly pathTimeoutSeconds: number; readonly requireDirect?: boolean };
type Addresses = Readonly<Record<string, IpInfo>>;
type Guardian = {
  readonly name: string;
  readonly api_url: string;
  readonly addresses: Addresses;
  /** How it is reached by iroh: never. */
  readonly iroh: null;
  readonly error: string | null;
};

export function federationIpsCommand(cli: Cli, dev: Command): void {
  const command = dev.command("query-federation-ips").argument("<invite_code...>", "fed11… or fedimint…; - reads it")
    .description("addresses of a federation's guardians, and in whose networks they are: asks ipwho.is about them")
    .option("--path-timeout-seconds <N>", "for guardians on iroh, which this program doesn't reach", countArgument, 5)
    .option("--require-direct", "fail unless guardians on iroh are reached without a relay")
    .action(cli.official(async (session, pieces: string[], options: Options) => {
      const pasted = await pastedArgument(session, pieces);
      return await report(session, asArgument("invite_code", () => readInviteCode(pasted)), options);
    }));
  for (const alias of ["federation-ip-query", "iroh-ip-query"]) command.alias(alias);
}

async function report(session: Session, invite: InviteCode, options: Options): Promise<Json> {
  const { apiEndpoints } = await endpointsOf(session, invite);
  const peers = [...apiEndpoints].sort(([a], [b]) => a - b);
  if (options.requireDirect) requireDirect(peers.filter(([, { url }]) => isIroh(url)).map(([peer]) => peer), options);
  const { io: { platform, signal } } = session;
  const found = await session.orInterrupted(
    Promise.all(peers.map(async ([peer, endpoint]) => [String(peer), await guardianOf(platform, endpoint)] as const)),
  );
  const known = await session.orInterrupted(infos(platform, found.map(([, { addresses }]) => addresses), signal));
  const guardians = found.map(([peer, guardian]) => [peer, { ...guardian, addresses: told(guardian, known) }] as const);
  return {
    federation_id: federationIdOf(apiEndpoints),
    guardians: Object.fromEntries(guardians),
    summary: summaryOf(guardians.map(([, guardian]) => guardian)),
  };
}

async function endpointsOf(session: Session, invite: InviteCode) {
  try {
    const { signal } = session.io;
    return (await withJoinTools(session, (tools) => downloadConfig(invite, tools, signal))).global;
  } catch (thrown) {
    if (!(thrown instanceof FedimintError) || thrown instanceof CliError) throw thrown;
    throw CliError.failed("failed to download federation config from invite code", { cause: thrown });
  }
}

/** @param onIroh guardians that are reached by iroh alone, not by this program */
function requireDirect(onIroh: readonly number[], { pathTimeoutSeconds }: Options): void {
  if (onIroh.length === 0) throw CliError.failed("--require-direct requires at least one iroh guardian endpoint");
  throw CliError.failed(
    `not all iroh guardians reached a direct path within ${pathTimeoutSeconds}s; pending peers: ${onIroh.join(", ")}`,
  );
}

function isIroh(url: string): boolean {
  return url.startsWith("iroh:");
}

async function guardianOf(platform: Platform, { name, url }: PeerUrl): Promise<Guardian> {
  const guardian = { name, api_url: url, addresses: {}, iroh: null };
  if (isIroh(url)) return { ...guardian, error: "This client has no iroh" };
  const { hostname } = new URL(url), host = hostname.replace(/^\[|\]$/g, "");
  if (host === "") return { ...guardian, error: "endpoint URL does not contain a host" };
  try {
    const ips = addressType(host) === null ? await platform.network.resolve(host) : [host];
    return { ...guardian, addresses: addressesOf(ips), error: null };
  } catch (thrown) {
    if (!(thrown instanceof NetworkError)) throw thrown;
    return { ...guardian, error: `failed to resolve endpoint host ${host}` };
  }
}

/** In order of their texts. */
function addressesOf(ips: readonly string[]): Addresses {
  const kept = [...new Set(ips)].sort().slice(0, GUARDIAN_ADDRESSES_MAX);
  return Object.fromEntries(kept.map((ip) => [ip, { address_type: addressType(ip) ?? "public" }]));
}

/** What ipwho.is says of the public ones, each asked about once. */
async function infos(
  platform: Platform,
  addresses: readonly Addresses[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, IpInfo>> {
  const ips = new Set(addresses.flatMap((of) => publicOf(of).map(([ip]) => ip)));
  return new Map(await Promise.all([...ips].map(async (ip) => [ip, await askIpInfo(platform, ip, signal)] as const)));
}

function publicOf(addresses: Addresses): readonly (readonly [string, IpInfo])[] {
  return Object.entries(addresses).filter(([, { address_type }]) => address_type === "public");
}

function told({ addresses }: Guardian, known: ReadonlyMap<string, IpInfo>): Addresses {
  return Object.fromEntries(Object.entries(addresses).map(([ip, info]) => [ip, known.get(ip) ?? info]));
}

/** Countries and networks by the number of guardians in them. */
function summaryOf(guardians: readonly Guardian[]): Json {
  const perGuardian = guardians.map(({ addresses }) => publicOf(addresses).map(([, info]) => info));
  return {
    guardian_count: guardians.length,
    iroh_guardian_count: guardians.filter(({ api_url }) => isIroh(api_url)).length,
    resolved_guardian_count: guardians.filter(({ addresses }) => Object.keys(addresses).length > 0).length,
    iroh_direct_guardian_count: 0,
    iroh_relayed_guardian_count: 0,
    public_ip_count: new Set(guardians.flatMap(({ addresses }) => publicOf(addresses).map(([ip]) => ip))).size,
    countries: counted(perGuardian.map((infos) => infos.map(({ country }) => country))),
    autonomous_systems: counted(
      perGuardian.map((infos) =>
        infos.map(({ asn, as_name }) =>
          asn === undefined && as_name === undefined ? undefined : [asn, as_name].filter((part) => part).join(" ")
        )
      ),
    ),
  };
}

function counted(perGuardian: readonly (readonly (string | undefined)[])[]): Json {
  const counts = new Map<string, number>();
  for (const labels of perGuardian) {
    for (const label of new Set(labels)) if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => a < b ? -1 : 1));
}
