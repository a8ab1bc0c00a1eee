/**
 * For tests: the toy module with a recovery. Guardians keep a log of who got how much; the recovery reads it entry by
 * entry, one step an entry, and what is the wallet's own comes into its balance at the end.
 */
import type { Clock } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { StoreTx } from "../../actors/store/store.ts";
import { toHex } from "../../core/bytes.ts";
import type { DerivableSecret } from "../../core/crypto/derive_secret.ts";
import type { Codec, CodecType, Json } from "../../core/encoding/mod.ts";
import { decode, encode, struct, text, u32, u64 } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import type { ClientModuleDefinition } from "../../modules/contract/client.ts";
import { defineClientModule } from "../../modules/contract/client.ts";
import type { ClientModuleRecovery, ClientRecoveryEnv, Derivation } from "../../modules/contract/recovery.ts";
import type { ToyApi, ToyState } from "./toy.ts";
import { addToBalance, toyModule } from "./toy.ts";
import type { Asked, Script } from "./world.ts";

/** Who gets what by the log. `owner` is of `ownerOf`. */
const logEntry = struct("ToyLogEntry", { owner: text, msat: u64 });
export type ToyLogEntry = CodecType<typeof logEntry>;

export function ownerOf(secret: DerivableSecret): string {
  return toHex(secret.randomBytes(8));
}

/** What guardians of a toy federation have logged. */
export class ToyLog {
  readonly entries: ToyLogEntry[] = [];
  /** Entries from this one on are not answered. */
  silentFrom = Infinity;
  asked = 0;
  /** The last entry that was asked for. */
  newest = -1;
  /** How long an entry takes to be answered; needs `clock`. */
  delayMs = 0;
  readonly #clock: Clock | null;

  constructor(clock: Clock | null = null) {
    this.#clock = clock;
  }

  script(honest: Script): Script {
    return (asked) => this.#answer(asked) ?? honest(asked);
  }

  #answer({ method, params }: Asked): Json | Promise<Json> | undefined {
    if (/^module_[0-9]+_log_length$/.test(method)) return this.entries.length;
    if (!/^module_[0-9]+_log_entry$/.test(method)) return undefined;
    this.asked++;
    const index = Number(params);
    this.newest = index;
    if (index >= this.silentFrom) return new Promise(() => {});
    const entry = logEntry.toJson(this.entries[index]!);
    return this.#clock && this.delayMs > 0 ? sleep(this.#clock, this.delayMs).then(() => entry) : entry;
  }
}

const progress = struct("ToyProgress", { next: u32, total: u32, ownMsat: u64, sdkMsat: u64 });
export type ToyProgress = CodecType<typeof progress>;

/** How often each entry was counted: more than once and a step was made twice. */
const COUNTED = 0x77;

export async function countedEntries(tx: Pick<StoreTx, "range">): Promise<number[]> {
  const counts: number[] = [];
  for await (const { value } of tx.range({ prefix: Uint8Array.of(COUNTED) })) counts.push(decode(u32, value));
  return counts;
}

async function countEntry(tx: StoreTx, index: number): Promise<void> {
  const key = Uint8Array.of(COUNTED, index >> 8, index & 0xff), before = await tx.get(key);
  tx.set(key, encode(u32, before ? decode(u32, before) + 1 : 1));
}

/** The same for the same log and secret. */
function entryOperation(index: number): OperationId {
  return index.toString(16).padStart(64, "e") as OperationId;
}

function whose({ secret, otherSecrets }: ClientRecoveryEnv<null>, { owner }: ToyLogEntry): Derivation | null {
  if (ownerOf(secret) === owner) return "standard";
  return otherSecrets.find((other) => ownerOf(other.secret) === owner)?.derivation ?? null;
}

export type ToyRecovery = ClientModuleRecovery<null, ToyState, ToyProgress>;

function toyRecovery(runsMeanwhile: boolean): ToyRecovery {
  return {
    runsMeanwhile,
    progress: progress as Codec<ToyProgress>,
    count: ({ next, total }) => ({ complete: next, total }),
    prepare: async ({ api, signal }) => {
      const total = await api.consensus({ method: "log_length", params: null, result: u32 }, { signal });
      return { next: 0, total, ownMsat: 0n, sdkMsat: 0n };
    },
    run: async (env, steps) => {
      while (steps.state.next < steps.state.total) {
        const call = { method: "log_entry", params: steps.state.next, result: logEntry };
        const entry = await env.api.consensus(call, { retry: true, signal: env.signal });
        const owner = whose(env, entry), { msat } = entry;
        await steps.step(async (tx, { next, total, ownMsat, sdkMsat }) => {
          await countEntry(tx.store, next);
          if (owner) await tx.logRecovered(entryOperation(next), { Recovered: msat }, "Done");
          return {
            next: next + 1,
            total,
            ownMsat: owner === "standard" ? ownMsat + msat : ownMsat,
            sdkMsat: owner === "sdk" ? sdkMsat + msat : sdkMsat,
          };
        });
      }
    },
    finish: async (_env, tx, { ownMsat, sdkMsat }) => {
      const amountMsat = ownMsat + sdkMsat;
      await addToBalance(tx.store, amountMsat);
      await tx.addMachine({ tag: "Counting", value: 0 });
      // nothing leads out of it
      await tx.addMachine({ tag: "Counted", value: null });
      return { amountMsat, otherMsat: sdkMsat === 0n ? [] : [{ derivation: "sdk", amountMsat: sdkMsat }] };
    },
  };
}

/** @param change of the recovery, for one that fails and the like */
export function recoveringToy(
  { runsMeanwhile, change = {} }: { readonly runsMeanwhile: boolean; readonly change?: Partial<ToyRecovery> },
): ClientModuleDefinition<null, ToyState, ToyApi> {
  return defineClientModule({ ...toyModule, recovery: { ...toyRecovery(runsMeanwhile), ...change } });
}
