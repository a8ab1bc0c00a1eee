/** `dev …`: looking inside, and talking to guardians by hand. docs/protocol/02b-cli.md §5. */
import type { Command } from "commander";
import { sleep } from "../../actors/platform/platform.ts";
import type { ReadTx } from "../../actors/store/store.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { decode, map, moduleEncoding, parseHex, u64, u64Number } from "../../core/encoding/mod.ts";
import { signedApiAnnouncement } from "../../core/types/api_announcement.ts";
import { apiVersionSet } from "../../core/types/api_versions.ts";
import { signedGuardianMetadata } from "../../core/types/guardian_metadata.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { peerId } from "../../core/types/ids.ts";
import { transaction, transactionSubmissionOutcome } from "../../core/types/transaction.ts";
import { transactionErrorText } from "../../core/types/transaction_error_text.ts";
import type { Client } from "../core/client.ts";
import { configJson } from "../federation/config_json.ts";
import { announcementsSlot, chainIdSlot, metadataSlot } from "../federation/join_state.ts";
import { fetchMeta } from "../federation/meta.ts";
import { describerOf } from "../core/running.ts";
import { amountArgument, countArgument, peerArgument, secondsArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { codeCommands } from "./codes.ts";
import { apiCommand } from "./dev_api.ts";
import { configFileCommands } from "./dev_config_files.ts";
import { eventCommands } from "./dev_events.ts";
import { federationIpsCommand } from "./dev_federation_ips.ts";
import { statesCommand } from "./dev_states.ts";
import { visualizeCommands } from "./dev_visualize.ts";
import { CliError } from "./error.ts";
import { rawJson } from "./raw.ts";
import type { Session } from "./session.ts";

export function devCommands(cli: Cli): void {
  const dev = cli.program.command("dev").description("commands for developers");
  const simple = (
    name: string,
    description: string,
    body: (client: Client, session: Session) => Promise<Json>,
  ): Command =>
    dev.command(name).description(description)
      .action(cli.official((session) => session.withClient((client) => body(client, session))));

  apiCommand(cli, dev);
  simple("config", "the federation's config", config);
  simple("session-count", "how many sessions the federation has finished", sessionCount);
  dev.command("wait-complete").description("wait until no operation is under way").action(
    cli.official((session) =>
      session.looking(async (client) => {
        await client.awaitIdle(session.io.signal);
        return null;
      })
    ),
  );
  waitCommand(cli, dev);
  blockCountCommand(cli, dev);
  simple("next-event-log-id", "position after the newest event", (client) => client.nextEventId());
  eventCommands(cli, dev);
  statesCommand(cli, dev);
  simple(
    "api-announcements",
    "where guardians say their API is, as far as this wallet knows",
    (client) =>
      stored(
        client,
        async (tx) => map(peerId, signedApiAnnouncement).toJson(await announcementsSlot.get(tx) ?? new Map()),
      ),
  );
  simple(
    "guardian-metadata",
    "what guardians say about themselves, as far as this wallet knows",
    (client) =>
      stored(client, async (tx) => map(peerId, signedGuardianMetadata).toJson(await metadataSlot.get(tx) ?? new Map())),
  );
  simple("meta-fields", "what the federation says about itself", metaFields);
  simple("chain-id", "hash of the first block of the federation's Bitcoin network", chainId);
  simple("refresh-api-versions", "ask guardians which API versions they speak", async (client, { io }) => ({
    versions: apiVersionSet.toJson(await client.refreshVersions(io.signal)),
  }));
  peerVersionCommand(cli, dev);
  dev.command("submit-transaction").argument("<transaction>", "hex")
    .description("submit a transaction of the federation; prints its id")
    .action(cli.official((session, hex: string) => session.withClient((client) => submit(client, session, hex))));
  codeCommands(cli, dev);
  federationIpsCommand(cli, dev);
  configFileCommands(cli, dev);
  visualizeCommands(cli, dev);
  dev.command("advance-note-idx").description("skip keys of notes: of mint version 1, not here")
    .option("--count <N>", "how many", countArgument, 1).requiredOption("--amount <AMOUNT>", "of which", amountArgument)
    .action(
      cli.official((session) =>
        session.withClient(() =>
          Promise.reject(CliError.failed("can't get mint module: this program has no module of mint version 1"))
        )
      ),
    );
  dev.command("panic").description("end as with a bug, to see what is told of it").action(cli.official(() => {
    throw new Error("This panic is intentional for testing backtrace handling");
  }));
}

/** The same as of `dev config` and `dev session-count`, under their old names. */
export function hiddenCommands(cli: Cli): void {
  const { program } = cli;
  program.command("config", { hidden: true })
    .action(cli.official((session) => session.withClient((client) => config(client))));
  program.command("session-count", { hidden: true })
    .action(cli.official((session) => session.withClient((client) => sessionCount(client, session))));
}

function stored(client: Client, read: (tx: ReadTx) => Promise<Json>): Promise<Json> {
  return client.options.store.read(read);
}

function config(client: Client): Promise<Json> {
  return Promise.resolve(configJson(client.running.joined.config, client.options.modules));
}

async function sessionCount({ running }: Client, { io }: Session): Promise<Json> {
  const call = { method: "session_count", params: null, result: u64 };
  return { count: await running.api.consensus(call, { signal: io.signal }) };
}

function waitCommand(cli: Cli, dev: Command): void {
  dev.command("wait").argument("[seconds]", "default: until Ctrl-C", secondsArgument)
    .description("keep the client running")
    .action(cli.official((session, seconds?: number) =>
      session.withClient(async () => {
        if (seconds === undefined) await new Promise(() => {});
        else await sleep(session.io.platform.clock, seconds * 1_000, session.io.signal);
        return null;
      })
    ));
}

/** Between two questions how many blocks the federation has seen. */
const BLOCK_COUNT_POLL_MS = 1_000;

function blockCountCommand(cli: Cli, dev: Command): void {
  dev.command("wait-block-count").argument("<count>", "blocks", countArgument)
    .description("wait until the federation has seen so many blocks; guardians that are away are waited for")
    .action(cli.official((session, count: number) =>
      session.withClient(async (client) => {
        const { io: { platform, signal } } = session;
        const api = client.running.api.forModule(client.instanceOf("walletv2"));
        const call = { method: "consensus_block_count", params: null, result: u64Number };
        for (;;) {
          const reached = await api.consensus(call, { retry: true, signal });
          if (reached >= count) return { reached };
          await sleep(platform.clock, BLOCK_COUNT_POLL_MS, signal);
        }
      })
    ));
}

async function metaFields({ running }: Client, { io }: Session): Promise<Json> {
  const { joined: { config }, federationId, api } = running;
  const { revision, values } = await fetchMeta({ platform: io.platform, api, config, federationId }, io.signal);
  return { values, revision };
}

async function chainId(client: Client): Promise<Json> {
  const id = await client.options.store.read((tx) => chainIdSlot.get(tx));
  if (id === undefined) throw CliError.failed("Chain ID not cached in client database");
  return { chain_id: id };
}

function peerVersionCommand(cli: Cli, dev: Command): void {
  dev.command("peer-version").requiredOption("--peer-id <N>", "guardian's number", peerArgument)
    .description("which version a guardian runs")
    .action(cli.official((session, { peerId }: { peerId: PeerId }) =>
      session.withClient(async ({ running }) => {
        const call = { method: "fedimintd_version", params: null, result: rawJson };
        const version = await running.api.ask(peerId, call, { signal: session.io.signal });
        if (!version.ok) throw CliError.failed(version.error);
        return { version: version.value };
      })
    ));
}

async function submit({ running }: Client, { io }: Session, hex: string): Promise<Json> {
  const call = {
    method: "submit_transaction",
    params: moduleEncoding(transaction).toJson(decode(transaction, parseHex(hex))),
    result: moduleEncoding(transactionSubmissionOutcome),
  };
  const outcome = await running.api.consensus(call, { retry: true, signal: io.signal });
  if (outcome.ok) return outcome.value;
  throw CliError.failed(transactionErrorText(outcome.error, describerOf(running.definitions)));
}
