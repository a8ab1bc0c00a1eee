/**
 * `dev show-event-log …`: what happened in the wallet, and what is told of it as it happens.
 * docs/protocol/02b-cli.md §5, docs/protocol/07-client.md §D.4.
 */
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { loggerFor } from "../../actors/logger.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import type { NumberedEvent } from "../logs/events.ts";
import { followEvents, getEvents } from "../logs/events.ts";
import { countArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { CliError } from "./error.ts";

/** A page of the event log is held in memory; the reference's SDK has the same bound. */
const EVENTS_MAX = 10_000;

type Page = { readonly pos: number; readonly limit: number };

export function eventCommands(cli: Cli, dev: Command): void {
  const page = (name: string, description: string): Command =>
    dev.command(name).description(description)
      .option("--pos <POS>", "first event", countArgument, 0)
      .option("--limit <N>", "how many at most", eventsArgument, 10);
  page("show-event-log", "what happened in the wallet").action(
    cli.official((session, { pos, limit }: Page) =>
      session.withClient(async (client) => {
        // events that were committed just before have no number yet
        await client.nextEventId();
        const events = await readDurable(client.options.store, (tx) => getEvents(tx, pos, limit));
        return events.map(eventJson);
      })
    ),
  );
  page("show-event-log-trimable", "events that are forgotten in time: this wallet keeps none")
    .action(cli.official((session, _: Page) => session.withClient(() => Promise.resolve([]))));
  dev.command("test-event-log-handling").description("log what happened in the wallet, and what happens, until Ctrl-C")
    .action(cli.official((session) =>
      session.withClient(async (client) => {
        const log = loggerFor("events", session.log), { signal } = session.io;
        for await (const event of followEvents(client.options.store, 0, signal)) {
          log.info(stringifyJson(eventJson(event)));
        }
        throw new CliError({ code: "interrupted" }, "Interrupted");
      })
    ));
}

function eventJson({ id, kind, module, tsUs, payload }: NumberedEvent): JsonObject {
  return { id, kind, module_kind: module?.kind ?? null, module_id: module?.id ?? null, ts: tsUs, payload };
}

function eventsArgument(text: string): number {
  const limit = countArgument(text);
  if (limit > EVENTS_MAX) throw new InvalidArgumentError(`At most ${EVENTS_MAX} at once.`);
  return limit;
}
