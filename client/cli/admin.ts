/** `admin …`: what a guardian's owner asks of it while consensus runs. docs/protocol/02b-cli.md §4. */
import type { Command } from "commander";
import type { Store } from "../../actors/store/store.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { DecodeError, map } from "../../core/encoding/mod.ts";
import { errorText, FedimintError } from "../../core/result.ts";
import { guardianMetadata, signedGuardianMetadata } from "../../core/types/guardian_metadata.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { peerId } from "../../core/types/ids.ts";
import { parseSafeUrl } from "../../core/types/safe_url.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import type { Client } from "../core/client.ts";
import { currentUrls, storedWhereabouts } from "../federation/announcements.ts";
import { adminSlot, joinedSlot } from "../federation/join_state.ts";
import type { ConnectedFederationApi } from "../federation/api.ts";
import { countArgument, peerArgument, urlArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import type { Endpoint } from "./endpoint.ts";
import { withEndpoint } from "./endpoint.ts";
import { CliError } from "./error.ts";
import { isGiven } from "./globals.ts";
import { printable } from "./printable.ts";
import { rawJson } from "./raw.ts";
import type { Session } from "./session.ts";
import { setupCommand } from "./setup.ts";

export function adminCommands(cli: Cli): void {
  const admin = cli.program.command("admin").description(
    "commands for a guardian's owner: see --our-id and --password",
  );
  const simple = (name: string, method: string, description: string): Command =>
    admin.command(name).description(description)
      .action(cli.official((session) => ownGuardian(session, method, null)));

  authCommand(cli, admin);
  admin.command("status").description("sessions, and who is connected; needs no password")
    .action(cli.official(status));
  simple("audit", "audit", "what each module owes and owns, msat");
  simple(
    "guardian-config-backup",
    "download_guardian_backup",
    "the guardian's config with its keys, as hex of a tar file",
  );
  simple("backup-statistics", "backup_statistics", "how many client backups the guardian keeps");
  setupCommand(cli, admin);
  admin.command("sign-api-announcement").argument("<api_url>", "the guardian's new URL", urlArgument)
    .description("announce a new URL of the guardian's API; the one before is void")
    .option("--override-url <URL>", "where to reach the guardian now, if not where it was", urlArgument)
    .action(
      cli.official((session, url: string, { overrideUrl }: { overrideUrl?: string }) =>
        signAnnouncement(session, url, overrideUrl ?? null)
      ),
    );
  admin.command("sign-guardian-metadata").description("announce the guardian's URLs and its pkarr id")
    .requiredOption("--api-urls <URLS>", "separated by commas", urlsArgument, [])
    .requiredOption("--pkarr-id <Z32>", "in z-base-32")
    .action(
      cli.official((session, { apiUrls, pkarrId }: { apiUrls: string[]; pkarrId: string }) =>
        signMetadata(session, apiUrls, pkarrId)
      ),
    );
  admin.command("shutdown").argument("<session>", "index of the last session", countArgument)
    .description("stop the guardian after a session, for a coordinated upgrade")
    .action(cli.official((session, index: number) => ownGuardian(session, "shutdown", index)));
}

function urlsArgument(text: string, before: string[]): string[] {
  return [...before, ...text.split(",").map(urlArgument)];
}

/** Stored credentials serve `status` and the modules' own commands only, as in the reference. */
function ownId({ globals }: Session): PeerId {
  if (globals.ourId === null) throw CliError.failed("Admin client needs our-id set");
  return globals.ourId;
}

function requireUrl(client: Client, peer: PeerId): void {
  if (!client.running.urls.has(peer)) throw CliError.failed("Our peer URL not found in config");
}

async function ownGuardian(session: Session, method: string, params: Json): Promise<Json> {
  return await session.withClient((client) => {
    const peer = ownId(session);
    requireUrl(client, peer);
    return adminCall(client.running.api, session, peer, method, params);
  });
}

function adminCall(
  api: ConnectedFederationApi,
  session: Session,
  peer: PeerId,
  method: string,
  params: Json,
): Promise<Json> {
  const call = { method, params, result: rawJson };
  return api.one(peer, call, { password: session.password(), signal: session.io.signal });
}

async function status(session: Session): Promise<Json> {
  return await session.withClient((client) => {
    const peer = client.options.admin?.peer;
    if (peer === undefined) throw CliError.failed("Admin client needs our-id set (no stored credentials found)");
    requireUrl(client, peer);
    const call = { method: "status", params: null, result: rawJson };
    return client.running.api.one(peer, call, { signal: session.io.signal });
  });
}

async function signAnnouncement(session: Session, url: string, overrideUrl: string | null): Promise<Json> {
  return await session.withClient((client) => {
    const scheme = new URL(url).protocol.replace(":", "");
    if (scheme !== "ws" && scheme !== "wss") {
      throw CliError.failed(`Unsupported URL scheme ${scheme}, use ws:// or wss://`);
    }
    const peer = ownId(session);
    const sign = async (api: ConnectedFederationApi): Promise<Json> => {
      const signed = await adminCall(api, session, peer, "sign_api_announcement", url);
      await tellOutranked(api, session, peer, url);
      return signed;
    };
    if (overrideUrl !== null) {
      return client.withGuardians(new Map([[peer, overrideUrl]]), client.running.joined.apiSecret, sign);
    }
    requireUrl(client, peer);
    return sign(client.running.api);
  });
}

/**
 * Clients and guardians go by a guardian's metadata before its announcement: then this command has no effect, which
 * must be told.
 */
async function tellOutranked(api: ConnectedFederationApi, session: Session, peer: PeerId, url: string): Promise<void> {
  const { io } = session;
  const call = { method: "guardian_metadata", params: null, result: map(peerId, signedGuardianMetadata) };
  let first: string | undefined;
  try {
    first = (await api.one(peer, call, { signal: io.signal })).get(peer)?.metadata.apiUrls[0];
  } catch (thrown) {
    // a guardian too old to have metadata; it has signed all the same
    if (thrown instanceof ApiError) return;
    throw thrown;
  }
  if (first === undefined || first === parseSafeUrl(url)) return;
  io.err(
    printable(
      `Note: the guardian's metadata outranks announcements and still names ${first}: clients go there. ` +
        `To move it sign metadata as well: admin sign-guardian-metadata --api-urls ${url} --pkarr-id …\n`,
    ),
  );
}

/** The guardian may raise the time, so that the metadata is newer than what it said before. */
async function signMetadata(session: Session, apiUrls: string[], pkarrId: string): Promise<Json> {
  const timestampSecs = Math.floor(session.io.platform.clock.nowMs() / 1_000);
  const metadata = { apiUrls, pkarrIdZ32: pkarrId, timestampSecs, irohNextEndpoint: null };
  const signed = await ownGuardian(session, "sign_guardian_metadata", guardianMetadata.toJson(metadata));
  const signedSecs = signedAtSecs(signed);
  if (signedSecs !== null && signedSecs > timestampSecs) {
    const raised = `Note: this guardian has said something of a later time than now (${timestampSecs} s since 1970). `;
    session.io.err(`${raised}So that the new metadata outranks it, it is dated ${signedSecs}.\n`);
  }
  return signed;
}

function signedAtSecs(signed: Json): number | null {
  try {
    return signedGuardianMetadata.fromJson(signed).metadata.timestampSecs;
  } catch (thrown) {
    // what the guardian answered is printed as it is
    if (thrown instanceof DecodeError) return null;
    throw thrown;
  }
}

type AuthOptions = {
  readonly peerId?: PeerId;
  readonly password?: string;
  readonly verify: boolean;
  readonly force?: true;
};

function authCommand(cli: Cli, admin: Command): void {
  admin.command("auth").description(
    "keep the guardian's number and password in the wallet, so that they need not be given again",
  )
    .option("--peer-id <N>", "guardian's number [env: FM_OUR_ID]", peerArgument)
    .option("--password <PASSWORD>", "password of its API [env: FM_PASSWORD_API]")
    .option("--no-verify", "don't ask whether the URL is right")
    .option("--force", "replace what is stored")
    .action(cli.official((session, options: AuthOptions) => authenticate(session, options)));
}

async function authenticate(session: Session, options: AuthOptions): Promise<Json> {
  const { io, globals } = session;
  const peer = options.peerId ?? globals.ourId,
    password = isGiven(options.password) ? options.password : globals.password;
  if (peer === null) throw CliError.usage("the following required argument was not provided: --peer-id <N>");
  if (password === null) {
    throw CliError.usage("the following required argument was not provided: --password <PASSWORD>");
  }
  return await session.withStore(async (store) => {
    const endpoint = await endpointOf(store, peer, options.force === true);
    if (options.verify) await confirmEndpoint(session, peer, endpoint.url);
    io.err("Verifying credentials...\n");
    await verify(session, endpoint, password);
    const { durable } = await store.transact((tx) => adminSlot.set(tx, { peer, password }));
    await durable;
    io.err("Admin credentials verified and saved successfully.\n");
    return { peer_id: peer, endpoint: endpoint.url, status: "saved" };
  });
}

async function endpointOf(store: Store, peer: PeerId, force: boolean): Promise<Endpoint> {
  const { stored, joined, known } = await store.read(async (tx) => ({
    stored: await adminSlot.get(tx),
    joined: await joinedSlot.get(tx),
    known: await storedWhereabouts(tx),
  }));
  if (stored && !force) throw CliError.failed("Admin credentials already stored. Use --force to overwrite.");
  if (!joined) throw CliError.failed("Client not initialized. Please join a federation first.");
  // where it says itself that it is: it may have moved since the config was made
  const urls = currentUrls(joined.config, known.announcements, known.metadata);
  const url = urls.get(peer);
  if (url !== undefined) return { url, peer, apiSecret: joined.apiSecret };
  const ids = [...urls.keys()].map((id) => `PeerId(${id})`).join(", ");
  throw CliError.failed(`Peer ID ${peer} not found in federation. Valid peer IDs are: [${ids}]`);
}

async function confirmEndpoint({ io }: Session, peer: PeerId, url: string): Promise<void> {
  if (io.ask === null) {
    throw CliError.failed("Interactive verification requires a terminal. Use --no-verify to skip.");
  }
  const answer = await io.ask(`Guardian endpoint for peer ${peer}: ${url}\nDoes this look correct? (y/N): `);
  if (!/^(y|yes)$/i.test(answer.trim())) throw CliError.failed("Endpoint verification cancelled by user.");
}

async function verify(session: Session, endpoint: Endpoint, password: string): Promise<void> {
  const { peer } = endpoint;
  const call = { method: "auth", params: null, result: rawJson };
  try {
    await withEndpoint(session, endpoint, (api) => api.one(peer, call, { password, signal: session.io.signal }));
  } catch (thrown) {
    if (!(thrown instanceof FedimintError)) throw thrown;
    throw CliError.failed(
      `Failed to verify credentials: ${errorText(thrown)}. Please check your peer ID and password.`,
    );
  }
}
