/**
 * How e-cash comes back from words alone: the log of all notes issued and redeemed is gone through, own notes are told
 * by their tweaks, and those that weren't redeemed are signed once more. Notes that were handed out and that nobody has
 * redeemed are among them: the log doesn't show who has a copy of a note. docs/protocol/04-mint.md §12.
 */
import { sleep } from "../../../../actors/platform/platform.ts";
import type { ClientModuleRecovery, ClientRecoveryEnv, RecoverySteps } from "../../../contract/recovery.ts";
import { codedEnd } from "../../../contract/waiting.ts";
import type { MintConfig } from "../../config.ts";
import { NOTES_AT_ONCE, SETTLED_AT_ONCE, SLICE_ITEMS } from "../../limits.ts";
import type { MintState } from "../states.ts";
import { comingCounts, endLooking, seenHashes, setLooking, settleSeen } from "./db.ts";
import { logSlices } from "./download.ts";
import { goThrough, relevantItems } from "./going_through.ts";
import { groupItems, historyEntry } from "./history.ts";
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
    prepare: async ({ api, signal }) => newProgress(await api.consensus(countCall, { signal })),
    run: (env, steps) =>
      codedEnd(env.signal, async () => {
        await goThroughLog(env, steps, sliceItems);
        await settle(steps);
      }),
    finish: async (env, tx, progress) => {
      const { standardMsat, sdkMsat } = progress;
      endLooking(tx.store);
      if ((await comingCounts(tx.store)).size > 0) await tx.addMachine({ tag: "RecoveryPending", value: { round: 0 } });
      return {
        amountMsat: standardMsat + sdkMsat,
        otherMsat: env.otherSecrets.map(({ derivation }) => ({
          derivation,
          amountMsat: foundMsat(progress, derivation),
        })),
      };
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
    setLooking(tx.store);
    for await (const spentAs of seenHashes(tx.store)) marks.add(spentAs);
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

/** What was redeemed is forgotten, the rest waits for its signatures: some a step, however many there are. */
async function settle(steps: RecoverySteps<MintState, MintProgress>): Promise<void> {
  for (let left = true; left;) {
    await steps.step(async (tx, progress) => {
      left = await settleSeen(tx.store, SETTLED_AT_ONCE) > 0;
      return progress;
    });
  }
}
