/**
 * What a gateway's module stores beside its machines.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 31 | operation 32 | nothing: this operation has its machine, whatever came of it |
 * | 32 | operation 32 | nothing: a held payment that hasn't ended yet |
 * | 33 | operation 32 | nothing: a payment that has ended without one |
 * | 34 | – | u64: which child of the module's secret the gateway's key is |
 */
import { u64, unit } from "../../../core/encoding/mod.ts";
import { operationId } from "../../../core/types/ids.ts";
import { slot, table } from "../../contract/records.ts";

/** Operations without a transaction of their own that have begun: a machine is made once. */
export const begun = table(0x31, operationId, unit);
/** Held payments that the node hasn't ended yet. */
export const completing = table(0x32, operationId, unit);
/** Payments whose machine is `Cancelled`: nothing was paid by them and nothing will be. */
export const cancelledPayments = table(0x33, operationId, unit);
/** Drawn when the database is new. */
export const keyIndex = slot(0x34, u64);
