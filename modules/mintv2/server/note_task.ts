/** Notes of many transactions, verified on a thread where the machine has one to spare. */
import type { PooledTask, PoolEnv } from "../../../actors/threads/pool.ts";
import { ThreadPool } from "../../../actors/threads/pool.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { GroupVerdict } from "../../../core/crypto/tbs_batch.ts";
import type { PackedGroups, PointCheck } from "../../../core/crypto/tbs_packed.ts";
import { packGroups, readVerdicts, verifyPacked } from "../../../core/crypto/tbs_packed.ts";
import { POOLED_NOTES_MIN } from "../limits.ts";

export const noteTask: PooledTask<PackedGroups, Uint8Array> = {
  module: import.meta.resolve("./note_thread.ts"),
  run: (groups) => verifyPacked(groups),
  first: packGroups([], () => new Uint8Array(0) as Bytes),
  isAnswer: ({ sizes }, answer) => readVerdicts(answer, sizes.length) !== null,
};

/** As `verifyGroups`; null when no thread does it. */
export type VerifyElsewhere = (
  groups: readonly (readonly PointCheck[])[],
  randomBytes: (size: number) => Bytes,
) => Promise<GroupVerdict[] | null>;

export function noteThreads(env: PoolEnv): VerifyElsewhere {
  const pool = new ThreadPool(noteTask, env);
  return async (groups, randomBytes) => {
    if (groups.reduce((sum, { length }) => sum + length, 0) < POOLED_NOTES_MIN) return null;
    const answer = await pool.run(() => packGroups(groups, randomBytes));
    return answer && readVerdicts(answer, groups.length);
  };
}
