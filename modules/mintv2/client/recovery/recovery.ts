/**
 * How e-cash comes back from words alone: the log of all notes issued and redeemed is gone through, own notes are told
 * by their tweaks, and those that weren't redeemed are signed once more. Notes that were handed out and that nobody has
 * redeemed are among them: the log doesn't show who has a copy of a note. docs/protocol/04-mint.md §12.
 *
 * What guardians decide on when the log's length is fixed already, the lost device's last payment, a later look finds,
 * which the reference doesn't have. It goes through what the log has got since, in the same way.
 */
import { sleep } from "../../../../actors/platform/platform.ts";
import type { ClientModuleRecovery, ClientRecoveryEnv, RecoverySteps } from "../../../contract/recovery.ts";
import { codedEnd } from "../../../contract/waiting.ts";
import type { MintConfig } from "../../config.ts";
import { LOOKS_AFTER_MS, NOTES_AT_ONCE, SETTLED_AT_ONCE, SLICE_ITEMS } from "../../limits.ts";
import type { MintState } from "../states.ts";
import { comingCounts, endPass, seenHashes, settleSeen } from "./db.ts";
import { logSlices } from "./download.ts";
import { goThrough, relevantItems } from "./going_through.ts";
import { groupItems, historyEntry } from "./history.ts";
import { beginLook, beginPass, forgetSome, foundHashes, looksFollow, setRestored } from "./later.ts";
import { Marks } from "./marks.ts";
import type { OwnOutput } from "./own_notes.ts";
import { OwnNotes } from "./own_notes.ts";
import type { MintProgress } from "./progress.ts";
import { countOf, foundMsat, mintProgress, newProgress } from "./progress.ts";
import type { Slice } from "./slice.ts";
import { countCall } from "./slice.ts";

type Env = ClientRecoveryEnv<MintConfig>;

type MintRecovery = ClientModuleRecovery<MintConfig, MintState, MintProgress>;

export const mintRecovery: MintRecovery = recoveryInSlices(SLICE_ITEMS);

/** @param sliceItems how many items of the log a step deals with */
export function recoveryInSlices(sliceItems: number): MintRecovery {
  return {
    runsMeanwhile: true,
    progress: mintProgress,
    count: countOf,
    prepare: async ({ api, signal }) => newProgress(await api.reached(countCall, { signal })),
    restored: setRestored,
    run: (env, steps) =>
      codedEnd(env.signal, async () => {
        await goThroughLog(env, steps, sliceItems);
        await settle(steps);
      }),
    finish: async (env, tx, progress, isLast) => {
      const { standardMsat, sdkMsat } = progress;
      await endPass(tx.store, isLast);
      if ((await comingCounts(tx.store)).size > 0) await tx.addMachine({ tag: "RecoveryPending", value: { round: 0 } });
      return {
        amountMsat: standardMsat + sdkMsat,
        otherMsat: env.otherSecrets.map(({ derivation }) => ({
          derivation,
          amountMsat: foundMsat(progress, derivation),
        })),
      };
    },
    later: {
      afterMs: LOOKS_AFTER_MS,
      prepare: async ({ api, signal }, done) => {
        const total = Math.max(done.total, await api.reached(countCall, { signal }));
        // what passes before have brought is counted on
        return { ...done, next: done.total, total };
      },
      begin: beginLook,
    },
  };
}

async function goThroughLog(
  env: Env,
  steps: RecoverySteps<MintState, MintProgress>,
  sliceItems: number,
): Promise<void> {
  const { next, total } = steps.state;
  if (next === total) return;
  const { instance, secret, platform: { clock }, api, log, signal } = env;
  const notes = new OwnNotes([{ derivation: "standard", secret }, ...env.otherSecrets]);
  const marks = new Marks();
  await steps.step(async (tx, progress) => {
    await beginPass(tx.store);
    for await (const spentAs of seenHashes(tx.store)) marks.add(spentAs);
    for await (const spentAs of foundHashes(tx.store)) marks.add(spentAs);
    return progress;
  });
  for await (const slice of logSlices({ api, clock, log, signal, sliceItems }, next, total)) {
    const items = relevantItems(slice, await ownOutputs(env, notes, slice), marks);
    await steps.step(async (tx, progress) => {
      const { progress: after, own } = await goThrough(tx.store, progress, items);
      const next = slice.start + slice.items;
      const { closed, open } = groupItems(progress.openGroup, own);
      const isEnd = next === total;
      for (const group of isEnd && open ? [...closed, open] : closed) {
        const { operationId, meta } = historyEntry(secret, instance, group);
        await tx.logRecovered(operationId, meta, null);
      }
      return { ...after, next, openGroup: isEnd ? null : open };
    });
  }
}

/** Others work in between. */
async function ownOutputs(
  { config, platform: { clock }, signal }: Env,
  notes: OwnNotes,
  slice: Slice,
): Promise<OwnOutput[]> {
  const found: OwnOutput[] = [];
  await sleep(clock, 0, signal);
  for (const [i, candidate] of notes.candidates(slice).entries()) {
    if (i % NOTES_AT_ONCE === 0) await sleep(clock, 0, signal);
    const own = notes.ownOutput(slice, candidate);
    // guardians issue no others
    if (own && config.tbsAggPks.has(own.request.denomination)) found.push(own);
  }
  return found;
}

/**
 * What isn't redeemed waits for its signatures, some a step, however many there are. What was seen is remembered as
 * long as looks follow, and forgotten after the last one.
 */
async function settle(steps: RecoverySteps<MintState, MintProgress>): Promise<void> {
  for (let left = true; left;) {
    await steps.step(async (tx, progress) => {
      const follow = !steps.isLast && await looksFollow(tx.store);
      left = await settleSeen(tx.store, SETTLED_AT_ONCE, follow) > 0 ||
        !follow && await forgetSome(tx.store, SETTLED_AT_ONCE);
      return progress;
    });
  }
}
