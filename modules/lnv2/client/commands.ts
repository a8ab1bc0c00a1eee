/** `module lnv2 …`: names and JSON of fedimint-cli. fedimint-lnv2-client 0.13.0 (`cli.rs`). */
import type { Json } from "../../../core/encoding/mod.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import type { ClientCommand } from "../../contract/client.ts";
import {
  amountArgument,
  noArguments,
  oneArgument,
  operationArgument,
  takeArgument,
} from "../../contract/command_arguments.ts";
import { CommandError } from "../../contract/command_error.ts";
import type { LightningClient } from "./api.ts";
import { gatewayUrl } from "./federation.ts";
import { finalSendJson, receiveOutcomeJson } from "./outcome.ts";
import { readInvoice } from "./sending.ts";

function takeGateway(args: readonly string[]): { readonly gateway: SafeUrl | null; readonly rest: readonly string[] } {
  const { value, rest } = takeArgument(args, "--gateway");
  return { gateway: value === null ? null : urlOf(value, "--gateway"), rest };
}

function urlOf(text: string, what: string): SafeUrl {
  const url = gatewayUrl(text);
  if (url === null) throw CommandError.usage(`${what} is not a URL`);
  return url;
}

/** What isn't an invoice is not repeated: it may be e-cash, or a secret. */
function invoiceOf(text: string): string {
  return readInvoice(text).text;
}

function peerOf(text: string): PeerId {
  if (!/^[0-9]{1,5}$/.test(text)) throw CommandError.usage("--peer is a number");
  return Number(text);
}

async function gateways(lightning: LightningClient, args: readonly string[], signal: AbortSignal): Promise<Json> {
  const [word, ...rest] = args;
  switch (word) {
    case "map":
      noArguments(rest, "gateways map");
      await lightning.mapGateways(signal);
      return null;
    case "select": {
      const { value, rest: others } = takeArgument(rest, "--invoice");
      noArguments(others, "gateways select");
      return await lightning.selectGateway(value === null ? null : invoiceOf(value), signal);
    }
    case "list": {
      const { value, rest: others } = takeArgument(rest, "--peer");
      noArguments(others, "gateways list");
      return await (value === null ? lightning.gateways(signal) : lightning.gatewaysOf(peerOf(value), signal));
    }
    case "add":
      return await lightning.addGateway(urlOf(oneArgument(rest, "GATEWAY"), "GATEWAY"), signal);
    case "remove":
      return await lightning.removeGateway(urlOf(oneArgument(rest, "GATEWAY"), "GATEWAY"), signal);
    default:
      throw CommandError.usage("gateways takes one of map, select, list, add, remove");
  }
}

export function lightningCommands(lightning: LightningClient): { readonly [name: string]: ClientCommand } {
  return {
    send: {
      usage: "send INVOICE [--gateway URL]",
      help: "Pays an invoice; prints the operation's id, for await-send",
      run: async (args, signal) => {
        const { gateway, rest } = takeGateway(args);
        const invoice = invoiceOf(oneArgument(rest, "INVOICE"));
        return await lightning.send(invoice, gateway === null ? {} : { gateway }, signal);
      },
    },
    "await-send": {
      usage: "await-send OPERATION_ID",
      help: 'Waits for the end of a payment: {"Success":"<preimage>"}, "Refunded" or "Failure"',
      run: async (args, signal) => finalSendJson(await lightning.awaitSend(operationArgument(args), signal)),
    },
    receive: {
      usage: "receive AMOUNT [--gateway URL]",
      help: "An invoice for an hour, and the operation's id. AMOUNT in msat unless it has a unit",
      run: async (args, signal) => {
        const { gateway, rest } = takeGateway(args);
        const amountMsat = amountArgument(oneArgument(rest, "AMOUNT"), "AMOUNT");
        const { invoice, operationId } = await lightning.receive(
          amountMsat,
          gateway === null ? {} : { gateway },
          signal,
        );
        return [invoice, operationId];
      },
    },
    "await-receive": {
      usage: "await-receive OPERATION_ID",
      help: 'Waits for the end of a receive: "Claimed", "Expired", "Uneconomical" or "Failure"',
      run: async (args, signal) => receiveOutcomeJson(await lightning.awaitReceive(operationArgument(args), signal)),
    },
    lnurl: {
      usage: "lnurl generate SERVER [--gateway URL]",
      help: "An lnurl of this wallet at a server (recurringdv2); what is paid to it comes by itself",
      run: async (args, signal) => {
        const { gateway, rest } = takeGateway(args), [word, ...others] = rest;
        if (word !== "generate") throw CommandError.usage("lnurl takes generate");
        return await lightning.lnurl(urlOf(oneArgument(others, "SERVER"), "SERVER"), gateway, signal);
      },
    },
    gateways: {
      usage: "gateways map|select [--invoice INVOICE]|list [--peer N]|add URL|remove URL",
      help: "Gateways that guardians vet; add and remove change the own guardian's list and need its password",
      run: (args, signal) => gateways(lightning, args, signal),
    },
  };
}
