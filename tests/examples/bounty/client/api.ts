/** What applications do with bounties. */
import type { FinalizeError, OperationId, OutPoint, Result } from "../../../../modules/contract/mod.ts";
import { endedBy, equalBytes, err, FedimintError, ok, toHex, u64, utf8 } from "../../../../modules/contract/mod.ts";
import { answerKey } from "../answer.ts";
import type { Bounty, ListedBounty } from "../common.ts";
import { bountyIdText } from "../common.ts";
import { AMOUNT_MSAT_MIN, OPEN_SECS_MAX, QUESTION_BYTES_MAX } from "../limits.ts";
import type { BountyEnv } from "./bundles.ts";
import { claimBundle, LOCK_INDEX, lockBundle } from "./bundles.ts";
import type { BountyFederation } from "./federation.ts";

export class BountyError extends FedimintError<
  { readonly code: "bad_bounty" | "no_such_bounty" | "wrong_answer" | "over" | "no_time" } | FinalizeError
> {}

export type NewBounty = {
  readonly amountMsat: bigint;
  readonly question: string;
  /** Secret. */
  readonly answer: string;
  /** How long it can be claimed. */
  readonly openSecs: bigint;
};

/** How a bounty that we made ended, or a claim of ours. `refused`: guardians took the transaction not at all. */
export type BountyOutcome =
  | { readonly outcome: "claimed" | "refunded" | "won" }
  | { readonly outcome: "refused"; readonly reason: string };

function notSubmitted(error: FinalizeError): BountyError {
  const text = error.code === "insufficient_funds"
    ? "There is too little money for it"
    : `It can't be done (${error.code})`;
  return new BountyError(error, text);
}

export class BountyClient {
  readonly #env: BountyEnv;
  readonly #federation: BountyFederation;

  constructor(env: BountyEnv, federation: BountyFederation) {
    this.#env = env;
    this.#federation = federation;
  }

  /**
   * A page of the open bounties, in the order of their names; `after`: the last of the page before.
   * @throws {ApiError} · {WaitError}
   */
  list(after: OutPoint | null = null, signal?: AbortSignal): Promise<ListedBounty[]> {
    return this.#federation.page(after, signal);
  }

  /**
   * Locks money under a question. When this resolves it is on its way; `awaitOpen` tells whether guardians took it,
   * `awaitOutcome` how it ended.
   * @throws {BountyError} `bad_bounty` · `no_time` · those of `FinalizeError`; nothing is stored then
   */
  async create(wanted: NewBounty, signal?: AbortSignal): Promise<{ operationId: OperationId; id: OutPoint }> {
    checkWanted(wanted);
    const { core, platform } = this.#env;
    const time = await this.#federation.time(signal);
    if (time === 0n) throw new BountyError({ code: "no_time" }, "Guardians don't agree on the time yet: try again");
    const { amountMsat, question, answer, openSecs } = wanted;
    const operationId: OperationId = toHex(platform.dice.bytes(32));
    const lock = lockBundle(this.#env, operationId, { amountMsat, question, answer, deadlineSecs: time + openSecs });
    const submitted = await core.submit({
      operationId,
      inputs: [],
      outputs: [lock],
      meta: ({ txid }) => ({
        Create: {
          bounty: bountyIdText({ txid, outIdx: LOCK_INDEX }),
          amount: u64.toJson(amountMsat),
          question,
        },
      }),
    });
    if (!submitted.ok) throw notSubmitted(submitted.error);
    return { operationId, id: { txid: submitted.value.txid, outIdx: LOCK_INDEX } };
  }

  /**
   * Claims a bounty, if the answer is right. When this resolves the claim is on its way; `awaitOutcome` tells whether
   * somebody was faster.
   * @throws {BountyError} `no_such_bounty` · `wrong_answer` · `over` · those of `FinalizeError`; nothing is stored then
   */
  async claim(id: OutPoint, answer: string, signal?: AbortSignal): Promise<OperationId> {
    const { core, platform } = this.#env;
    const bounty = await this.#claimable(id, answer, signal);
    const operationId: OperationId = toHex(platform.dice.bytes(32));
    const submitted = await core.submit({
      operationId,
      inputs: [claimBundle(this.#env, id, bounty, answer)],
      outputs: [],
      spending: "nothing",
      meta: () => ({ Claim: { bounty: bountyIdText(id), amount: u64.toJson(bounty.amountMsat) } }),
    });
    if (!submitted.ok) throw notSubmitted(submitted.error);
    return operationId;
  }

  /** What can be known before anything is sent. */
  async #claimable(id: OutPoint, answer: string, signal?: AbortSignal): Promise<Bounty> {
    const bounty = await this.#federation.find(id, signal);
    if (!bounty) throw new BountyError({ code: "no_such_bounty" }, "There is no such bounty, or not any more");
    if (!equalBytes(answerKey(bounty.question, answer), bounty.answerKey)) {
      throw new BountyError({ code: "wrong_answer" }, "That is not the answer");
    }
    if (await this.#federation.time(signal) < bounty.deadlineSecs) return bounty;
    throw new BountyError({ code: "over" }, "The bounty's deadline has passed");
  }

  /** Ok when guardians took a bounty that we made; the error says why they refused. @throws {WaitError} */
  async awaitOpen(operationId: OperationId, signal?: AbortSignal): Promise<Result<null, string>> {
    for await (const state of this.#env.core.states(operationId, signal)) {
      if (state.tag === "LockRefused") return err(state.value);
      if (state.tag !== "Locking") return ok(null);
    }
    throw endedBy(signal);
  }

  /** How a bounty that we made ended, or a claim of ours; waits as long as it takes. @throws {WaitError} */
  async awaitOutcome(operationId: OperationId, signal?: AbortSignal): Promise<BountyOutcome> {
    for await (const state of this.#env.core.states(operationId, signal)) {
      switch (state.tag) {
        case "Claimed":
          return { outcome: "claimed" };
        case "Refunded":
          return { outcome: "refunded" };
        case "Won":
          return { outcome: "won" };
        case "LockRefused":
        case "ClaimRefused":
          return { outcome: "refused", reason: state.value };
      }
    }
    throw endedBy(signal);
  }
}

/** Guardians would refuse it as well; here it is told at once. */
function checkWanted({ amountMsat, question, answer, openSecs }: NewBounty): void {
  const bad = (why: string): BountyError => new BountyError({ code: "bad_bounty" }, why);
  if (amountMsat < AMOUNT_MSAT_MIN) throw bad(`A bounty has ${AMOUNT_MSAT_MIN} msat at least`);
  if (utf8(question).length > QUESTION_BYTES_MAX) throw bad(`A question has ${QUESTION_BYTES_MAX} bytes at most`);
  if (answer.trim() === "") throw bad("The answer is empty: everybody would know it");
  if (openSecs <= 0n || openSecs > OPEN_SECS_MAX) throw bad(`A bounty is open for 1 to ${OPEN_SECS_MAX} seconds`);
}
