/** `module ln lnurl …`: names and JSON of fedimint-cli. fedimint-ln-client 0.13.0 (`cli.rs`). */
import { toHex } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { tryDecoding } from "../../../core/encoding/mod.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { parseSafeUrl } from "../../../core/types/safe_url.ts";
import type { ClientCommand } from "../../contract/client.ts";
import { noArguments, oneArgument, operationArgument, takeArgument } from "../../contract/command_arguments.ts";
import { CommandError } from "../../contract/command_error.ts";
import type { LnClient } from "./api.ts";

const WORDS = "register, list, invoices, invoice-details, await-invoice-paid";

function serverOf(text: string): string {
  const url = tryDecoding(() => parseSafeUrl(text));
  if (!url.ok || !/^https?:$/.test(new URL(url.value).protocol)) throw CommandError.usage("SERVER_URL is not a URL");
  return url.value;
}

function indexOf(text: string): bigint {
  if (!/^[0-9]{1,19}$/.test(text)) throw CommandError.usage("PAYMENT_CODE_IDX is a number");
  return BigInt(text);
}

async function register(ln: LnClient, args: readonly string[], signal: AbortSignal): Promise<Json> {
  const { value: meta, rest: others } = takeArgument(args, "--meta");
  const { value: description, rest } = takeArgument(others, "--description");
  const server = serverOf(oneArgument(rest, "SERVER_URL"));
  const { lnurl } = await ln.registerLnurl(server, {
    ...(meta !== null && { meta }),
    ...(description !== null && { description }),
  }, signal);
  return { lnurl };
}

async function list(ln: LnClient): Promise<Json> {
  const codes = (await ln.lnurls()).map(({ index, lnurl, createdSecs, rootKey, id, server, lastInvoice }) => [
    String(index),
    {
      lnurl,
      creation_timestamp: createdSecs,
      root_public_key: toHex(rootKey),
      recurring_payment_code_id: id,
      recurringd_api: server,
      last_derivation_index: lastInvoice,
    },
  ]);
  return { codes: Object.fromEntries(codes) };
}

async function invoices(ln: LnClient, index: bigint): Promise<Json> {
  const found = await ln.lnurlInvoices(index);
  if (!found) throw CommandError.failed("Unknown payment code index");
  const entries = found.entries().map(([number, operation_id]) => [String(number), { operation_id }]);
  return { invoices: Object.fromEntries(entries) };
}

async function details(ln: LnClient, operationId: OperationId): Promise<Json> {
  const found = await ln.lnurlInvoice(operationId);
  if (!found) throw CommandError.failed("Operation is not a recurring lightning receive");
  const { paymentCodeId, invoice } = found;
  return { payment_code_id: paymentCodeId, invoice: invoice.text, amount_msat: invoice.amountMsat };
}

export function lnurlCommand(ln: LnClient, reasons: { readonly [outcome: string]: string }): ClientCommand {
  return {
    usage: "lnurl register SERVER_URL [--meta JSON] [--description TEXT]|list|invoices PAYMENT_CODE_IDX|" +
      "invoice-details OPERATION_ID|await-invoice-paid OPERATION_ID",
    help: "LNURLs at servers that write invoices for the wallet; what is paid to them comes by itself",
    run: async ([word, ...rest], signal) => {
      switch (word) {
        case "register":
          return await register(ln, rest, signal);
        case "list":
          noArguments(rest, "lnurl list");
          return await list(ln);
        case "invoices":
          return await invoices(ln, indexOf(oneArgument(rest, "PAYMENT_CODE_IDX")));
        case "invoice-details":
          return await details(ln, operationArgument(rest));
        case "await-invoice-paid": {
          const operationId = operationArgument(rest), told = await details(ln, operationId);
          const { outcome } = await ln.awaitReceive(operationId, signal);
          if (outcome !== "claimed") throw CommandError.failed(reasons[outcome]!);
          return told;
        }
        default:
          throw CommandError.usage(`lnurl takes one of ${WORDS}`);
      }
    },
  };
}
