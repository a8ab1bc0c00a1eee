/** `dev list-operation-states OPERATION`: the steps that an operation took. docs/protocol/02b-cli.md §5. */
import type { Command } from "commander";
import type { Json } from "../../core/encoding/mod.ts";
import { decode } from "../../core/encoding/mod.ts";
import { GLOBAL_INSTANCE_ID } from "../../core/types/ids.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import type { Client } from "../core/client.ts";
import type { StoredState } from "../executor/states.ts";
import { operationStates } from "../executor/states.ts";
import { submissionState } from "../executor/submission.ts";
import { operationIdArgument } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { isoTime } from "./time.ts";

export function statesCommand(cli: Cli, dev: Command): void {
  dev.command("list-operation-states").argument("<operation_id>", "64 digits", operationIdArgument)
    .description("the steps that an operation took, and those that it is at")
    .action(cli.official((session, id: OperationId) => session.withClient((client) => list(client, id))));
}

async function list(client: Client, operationId: OperationId): Promise<Json> {
  const states = await readDurable(client.options.store, (tx) => operationStates(tx, operationId));
  return {
    states: states.map((state) => ({
      active: state.leftUs === null,
      module_instance: state.instance,
      creation_time: isoTime(state.createdUs),
      ...(state.leftUs !== null && { end_time: isoTime(state.leftUs) }),
      state: stateName(client, state),
    })),
  };
}

/** Of a state its name alone: what is in it may be e-cash. fedimint-cli prints Rust's debug text. */
export function stateName({ running: { definitions } }: Client, { instance, state }: StoredState): string {
  const codec = instance === GLOBAL_INSTANCE_ID ? submissionState : definitions.get(instance)?.state;
  const decoded: unknown = codec && decode(codec, state);
  const named = typeof decoded === "object" && decoded !== null && "tag" in decoded;
  return named ? String(decoded.tag) : "unknown";
}
