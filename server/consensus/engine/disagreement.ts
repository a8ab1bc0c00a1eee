/**
 * A guardian whose items are not those that a threshold of guardians signed. Its state is wrong, and nothing that it does can mend that:
 * it stops, says what to do, and says the same at each start, until its database is gone. The database is kept as it is, for inquiry.
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import type { CodecType } from "../../../core/encoding/mod.ts";
import { decode, encode, struct, text, u64Number } from "../../../core/encoding/mod.ts";
import { FedimintError } from "../../../core/result.ts";

const KEY = Uint8Array.of(0x16);

/** `reason`: what of the session differs. */
const disagreement = struct("Disagreement", { session: u64Number, reason: text });
export type Disagreement = CodecType<typeof disagreement>;

export async function getDisagreement(tx: ReadTx): Promise<Disagreement | undefined> {
  const value = await tx.get(KEY);
  return value && decode(disagreement, value);
}

export function setDisagreement(tx: StoreTx, found: Disagreement): void {
  tx.set(KEY, encode(disagreement, found));
}

/** Tells the operator what happened and what to do. */
export class ConsensusError extends FedimintError<{ readonly code: "disagrees"; readonly session: number }> {
  /** @internal */
  constructor({ session, reason }: Disagreement) {
    super(
      { code: "disagrees", session },
      `This guardian disagrees with the federation about session ${session}: ${reason}. A threshold of guardians signed another outcome, ` +
        "so what this guardian has is wrong, and it does not go on. Most often its Bitcoin node followed another chain. What to do: " +
        "keep a copy of the folder `database` for inquiry; see that the Bitcoin node follows the right chain; then delete the folder " +
        "`database` (not the config files) and start again: all of it comes back from the other guardians.",
    );
  }
}
