/**
 * What the ln module stores in a client, beside its machines.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 29 | payment hash | payments of an invoice: how many were tried, and what became of the last one |
 * | 45 | gateway's key | its registration |
 * | 46 | – | BS ms since the epoch: when guardians were last asked for gateways |
 */
import type { CodecType } from "../../../core/encoding/mod.ts";
import { closedEnum, fixedHex, struct, u16, u64Number, unit } from "../../../core/encoding/mod.ts";
import { sha256Hash } from "../../../core/types/ids.ts";
import type { StoreTx } from "../../../actors/store/store.ts";
import { slot, table } from "../../contract/records.ts";
import type { GatewayRegistration } from "../gateways.ts";
import { gatewayRegistration } from "../gateways.ts";
import { outgoingPayment } from "./shown.ts";

const attempts = struct("Attempts", {
  /** From 1 on: the operation's id follows from it. */
  last: u16,
  /** `Open`: it can be tried again · `Paid` · `Claimed`: the gateway took the money and showed no proof. */
  outcome: closedEnum("AttemptOutcome", { Pending: unit, Open: unit, Paid: unit, Claimed: unit }),
  payment: outgoingPayment,
});
export type Attempts = CodecType<typeof attempts>;

/** By payment hash: an invoice is paid once, however often it is tried. */
export const paymentAttempts = table(0x29, sha256Hash, attempts);
const gateways = table(0x45, fixedHex(33), gatewayRegistration);
export const gatewaysAtMs = slot(0x46, u64Number);

export { gateways as knownGateways };

/** In the place of all that were there. */
export async function replaceGateways(
  tx: StoreTx,
  found: readonly GatewayRegistration[],
  nowMs: number,
): Promise<void> {
  await tx.deleteAll(gateways.prefix);
  for (const registration of found) gateways.set(tx, registration.info.gatewayId, registration);
  gatewaysAtMs.set(tx, nowMs);
}
