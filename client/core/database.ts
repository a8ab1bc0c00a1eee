/**
 * Where a client keeps what. One database holds one federation; all of it is local, nothing of it goes on a wire.
 *
 * | prefix | key | value | file |
 * |---|---|---|---|
 * | 01 | operation 32 ‖ instance u16 ‖ hash of the state 32 | state, when created, when left | executor/states.ts |
 * | 02 | the same | nothing: it is active | executor/states.ts |
 * | 10 | µs u64 | event that has no number yet | logs/events.ts |
 * | 11 | number u64 | event | logs/events.ts |
 * | 20 | operation 32 | operation log entry | logs/operations.ts |
 * | 21 | µs u64 ‖ operation 32 | nothing: the log's order | logs/operations.ts |
 * | 22 | txid 32 | fee, msat | logs/transactions.ts |
 * | 23 | operation 32 | nothing: a recovery found it in the federation's log | logs/operations.ts |
 * | 30 | name | join state, secret, versions … | federation/join_state.ts |
 * | 40 | instance u16 | how far the module's recovery is | recovery/records.ts |
 * | ff | instance u16 ‖ … | the module's | |
 */
import type { Clock } from "../../actors/platform/platform.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, fromHex } from "../../core/bytes.ts";
import type { ModuleInstanceId, OperationId } from "../../core/types/ids.ts";

export const STATE_PREFIX = Uint8Array.of(0x01);
export const ACTIVE_PREFIX = Uint8Array.of(0x02);
export const UNORDERED_EVENT_PREFIX = Uint8Array.of(0x10);
export const EVENT_PREFIX = Uint8Array.of(0x11);
export const OPERATION_PREFIX = Uint8Array.of(0x20);
export const OPERATION_ORDER_PREFIX = Uint8Array.of(0x21);
export const FEE_PREFIX = Uint8Array.of(0x22);
export const RECOVERED_PREFIX = Uint8Array.of(0x23);
export const CLIENT_PREFIX = Uint8Array.of(0x30);
export const RECOVERY_PREFIX = Uint8Array.of(0x40);

export function modulePrefix(instance: ModuleInstanceId): Bytes {
  return Uint8Array.of(0xff, instance >> 8, instance & 0xff);
}

export function operationKey(prefix: Uint8Array, operationId: OperationId): Bytes {
  return concat(prefix, fromHex(operationId));
}

/** Microseconds since the epoch that never repeat within a process: a later call gives a larger number. */
export class UniqueTime {
  readonly #clock: Clock;
  #lastUs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowUs(): number {
    this.#lastUs = Math.max(this.#lastUs + 1, Math.floor(this.#clock.nowMs() * 1000));
    return this.#lastUs;
  }
}
