/**
 * What a gateway's module stores beside its machines.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 31 | operation 32 | nothing: this operation has its machine, whatever came of it |
 * | 32 | operation 32 | nothing: a held payment that hasn't ended yet |
 */
import { unit } from "../../../core/encoding/mod.ts";
import { operationId } from "../../../core/types/ids.ts";
import { table } from "../../contract/records.ts";

/** Operations without a transaction of their own that have begun: a machine is made once. */
export const begun = table(0x31, operationId, unit);
/** Held payments that the node hasn't ended yet. */
export const completing = table(0x32, operationId, unit);
