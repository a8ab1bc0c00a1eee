/**
 * What the gateway's module ln stores beside its machines.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 51 | operation 32 | payments that have begun: what who asks for it again must know, 32 bytes |
 * | 52 | payment hash 32 | the circuit of the forward that a contract was funded for |
 * | 53 | payment hash 32 | forwards that haven't been answered for good yet: msat that they hold |
 * | 54 | operation 32 | nothing: a payment that has ended, or will end, without one |
 * | 55 | – | u64: which child of the module's secret the gateway's key is |
 */
import type { CodecType } from "../../../core/encoding/mod.ts";
import { struct, u64, unit } from "../../../core/encoding/mod.ts";
import { amount } from "../../../core/types/amount.ts";
import { operationId, sha256Hash } from "../../../core/types/ids.ts";
import { slot, table } from "../../contract/records.ts";

/** Names an incoming HTLC of the node. */
const circuit = struct("Circuit", { channel: u64, htlc: u64 });
export type Circuit = CodecType<typeof circuit>;

/** Secret: whoever knows it gets the payment's preimage. */
export const payments = table(0x51, operationId, sha256Hash);
export const circuits = table(0x52, sha256Hash, circuit);
export const relaying = table(0x53, sha256Hash, amount);
/** Payments that are given up: nothing was paid by them and nothing will be. */
export const unpaid = table(0x54, operationId, unit);
/** Drawn when the database is new. */
export const keyIndex = slot(0x55, u64);
