/** One way to pay and be paid over Lightning, by whichever module: the second where the federation has it. */
import type { PlainLightningErrorCode } from "../../core/lightning/error.ts";
import { LightningError } from "../../core/lightning/error.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { lnClient } from "../../modules/ln/client.ts";
import { LN_KIND } from "../../modules/ln/common.ts";
import { lnv2Client } from "../../modules/lnv2/client.ts";
import { LNV2_KIND } from "../../modules/lnv2/common.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import type { Client } from "../core/client.ts";
import { getOperation } from "../logs/operations.ts";
import { FirstLightning } from "./first.ts";
import { SecondLightning } from "./second.ts";
import type { Lightning, PayInvoiceOptions } from "./types.ts";

/** Modules for Lightning that run, the preferred one first. */
function running(client: Client): Map<string, Lightning> {
  const isRunning = (wanted: string): boolean => client.modules().some(({ kind, active }) => active && kind === wanted);
  const found = new Map<string, Lightning>();
  if (isRunning(LNV2_KIND)) found.set(LNV2_KIND, new SecondLightning(client.use(lnv2Client)));
  if (isRunning(LN_KIND)) found.set(LN_KIND, new FirstLightning(client.use(lnClient)));
  return found;
}

const TEXTS = {
  no_lightning:
    "This federation has no module for Lightning that this client knows. Nothing was done: its e-cash can be sent, and be withdrawn to a Bitcoin address",
  unknown_operation: "This wallet has no such payment, and no such invoice",
} satisfies { readonly [Code in PlainLightningErrorCode]?: string };

function refused(code: keyof typeof TEXTS): LightningError {
  return new LightningError({ code }, TEXTS[code]);
}

/** By which payments are made. @throws {LightningError} `no_lightning` */
export function lightningOf(client: Client): Lightning {
  const [first] = running(client).values();
  if (!first) throw refused("no_lightning");
  return first;
}

/**
 * The module that an operation belongs to: it needn't be the one by which payments are made.
 * @throws {LightningError} `unknown_operation` · `no_lightning`
 */
export async function lightningOfOperation(client: Client, operationId: OperationId): Promise<Lightning> {
  const entry = await readDurable(client.options.store, (tx) => getOperation(tx, operationId));
  if (entry?.kind !== LN_KIND && entry?.kind !== LNV2_KIND) throw refused("unknown_operation");
  const found = running(client).get(entry.kind);
  if (!found) throw refused("no_lightning");
  return found;
}

/** An invoice is paid once, whichever module paid it. @throws {LightningError} */
export async function payOnce(client: Client, invoice: string, options: PayInvoiceOptions): Promise<OperationId> {
  const lightning = lightningOf(client), [, ...others] = running(client).values();
  for (const other of others) await other.assertUnpaid(invoice);
  return await lightning.payInvoice(invoice, options);
}

/** The operation that pays or paid an invoice, by any module. @throws {LightningError} `not_an_invoice` */
export async function paymentOf(client: Client, invoice: string): Promise<OperationId | null> {
  for (const lightning of running(client).values()) {
    const operationId = await lightning.paymentOf(invoice);
    if (operationId !== null) return operationId;
  }
  return null;
}
