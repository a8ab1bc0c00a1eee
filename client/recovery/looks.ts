/**
 * Looks that follow a module's recovery. What guardians decide on only when a recovery has fixed how far the log
 * reaches is no part of it: the lost device's last payment, above all. So a module may go through what the log has got
 * since, some minutes later, and a last time after that; its status stays `done` meanwhile. Each look is stored as the
 * recovery is, step by step, and happens once.
 */
import type { Clock } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { assert } from "../../core/assert.ts";
import { toHex } from "../../core/bytes.ts";
import { decode, encode } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import type { ClientRecoveryEnv, LaterLooks, Recovered } from "../../modules/contract/recovery.ts";
import { onceAnswered } from "./answered.ts";
import type { PassArgs } from "./passes.ts";
import { inTransaction, lookPass, progressCodec, Steps } from "./passes.ts";
import type { Later, LaterLook } from "./records.ts";
import { getRecovery, setRecovery } from "./records.ts";

// deno-lint-ignore no-explicit-any -- the config's and the progress's types are behind the module's definition
type Env = ClientRecoveryEnv<any>;
// deno-lint-ignore no-explicit-any -- as above
type Looks = LaterLooks<any, any>;

/** Ends when the last look is done. */
export async function lookLater(args: PassArgs & { readonly kind: string }, env: Env): Promise<void> {
  const looks: Looks | undefined = args.recovery.later;
  if (!looks) return;
  let passed: PassedTime | null = null;
  for (let later; (later = await storedLooks(args)) !== null;) {
    passed ??= new PassedTime(env.platform.clock, later);
    const look = later.look ?? await begun(args, looks, passed, later, env);
    const pass = lookPass(args, look);
    await args.recovery.run(env, new Steps(args, pass, decode(progressCodec(args), look.progress), env.signal));
    await finish(args, look, env);
  }
}

/**
 * How long ago the recovery was. While the wallet is open that is told by the monotonic clock, so that it doesn't
 * matter when the other one is set; before that by the other one alone, which may have been wrong when the recovery was
 * done, or may be wrong now.
 */
class PassedTime {
  readonly #clock: Clock;
  readonly #openedMs: number;
  #sinceMs: number;

  constructor(clock: Clock, { doneMs }: Later) {
    this.#clock = clock;
    this.#openedMs = clock.monotonicMs();
    this.#sinceMs = clock.monotonicMs() - Math.max(0, clock.nowMs() - doneMs);
  }

  get ms(): number {
    return this.#clock.monotonicMs() - this.#sinceMs;
  }

  /** So long it counts for. */
  set ms(ms: number) {
    this.#sinceMs = this.#clock.monotonicMs() - ms;
  }

  /** What of it the monotonic clock has told. */
  get measuredMs(): number {
    return this.#clock.monotonicMs() - this.#openedMs;
  }
}

async function storedLooks({ operations: { options: { store } }, facts }: PassArgs): Promise<Later | null> {
  const record = await store.read((tx) => getRecovery(tx, facts.instance));
  return record?.stage.tag === "Later" ? record.stage.value : null;
}

/** Waits until one is due, and begins it. */
async function begun(
  args: PassArgs,
  looks: Looks,
  passed: PassedTime,
  { looks: made, progress }: Later,
  env: Env,
): Promise<LaterLook> {
  const { platform: { clock, dice }, signal } = env, { afterMs } = looks;
  const waitMs = dueMs(afterMs, made) - passed.ms;
  if (waitMs > 0) await sleep(clock, waitMs, signal);
  const done = decode(progressCodec(args), progress);
  const prepared = await onceAnswered(env, () => looks.prepare(env, done));
  const { count, asOfMs } = doneBy(afterMs, made, passed);
  passed.ms = asOfMs;
  const doneMs = Math.max(0, Math.floor(clock.nowMs() - asOfMs));
  const operationId = toHex(dice.bytes(32)) as OperationId;
  return await inTransaction(args, operationId, signal, async (tx, record) => {
    assert(record.stage.tag === "Later" && !record.stage.value.look, "a look is begun once");
    const look: LaterLook = await looks.begin(tx.store)
      ? { operationId, looks: count, progress: encode(progressCodec(args), prepared) }
      : { operationId, looks: afterMs.length + 1, progress };
    const stage = { tag: "Later", value: { ...record.stage.value, doneMs, look } } as const;
    setRecovery(tx.root, tx.instance, { ...record, stage });
    return look;
  });
}

/** How long after the one before the last look is made. */
function lastWaitMs(afterMs: readonly number[]): number {
  return afterMs.at(-1)! - (afterMs.at(-2) ?? 0);
}

/** When the look after so many is due, ms after the recovery; the last one may be made twice. */
function dueMs(afterMs: readonly number[], made: number): number {
  return afterMs[made] ?? afterMs.at(-1)! + lastWaitMs(afterMs);
}

/**
 * One look does for all that are due, but not for the last one: that a day has passed may be the word of a clock that
 * was set while the wallet was closed, and then what the lost device did last is still to come. The last one is made as
 * long after the others as it should be; and when only that is left, but the wallet was open for less than half of the
 * time, it is made once more after as long again.
 * @returns looks that are made with this one, and how long after the recovery it counts as made. Beyond those that a
 * recovery has there is one more number: that the last one counts
 */
function doneBy(
  afterMs: readonly number[],
  made: number,
  { ms, measuredMs }: Pick<PassedTime, "ms" | "measuredMs">,
): { count: number; asOfMs: number } {
  const all = afterMs.length, due = afterMs.filter((each) => each <= ms).length;
  const count = Math.max(made + 1, Math.min(due, all - 1));
  const isSure = count > all || count === all && measuredMs >= lastWaitMs(afterMs) / 2;
  if (isSure) return { count: all + 1, asOfMs: ms };
  return { count, asOfMs: ms >= dueMs(afterMs, count) || count === all ? afterMs[count - 1]! : ms };
}

/** Happens once: the record says whether it has. */
async function finish(args: PassArgs & { readonly kind: string }, look: LaterLook, env: Env): Promise<void> {
  const { recovery, kind } = args, { isLast } = lookPass(args, look);
  await inTransaction(args, look.operationId, env.signal, async (tx, record) => {
    const { stage } = record;
    if (stage.tag !== "Later" || !stage.value.look) return;
    const { progress, looks } = stage.value.look;
    const recovered = await recovery.finish(env, tx, decode(progressCodec(args), progress), isLast);
    setRecovery(tx.root, tx.instance, {
      ...record,
      stage: isLast
        ? { tag: "Done", value: recovered }
        : { tag: "Later", value: { ...stage.value, recovered, looks, progress, look: null } },
    });
    if (isSame(recovered, stage.value.recovered)) return;
    // all that was recovered by now: a payment that was under way takes notes and brings change
    tx.logCoreEvent("module-recovery-amended", { module_id: tx.instance, kind, amount: recovered.amountMsat });
  });
}

function isSame(one: Recovered, other: Recovered): boolean {
  return one.amountMsat === other.amountMsat;
}
