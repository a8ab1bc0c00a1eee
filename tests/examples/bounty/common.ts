/**
 * Vocabulary of the bounty module, for both sides: somebody locks e-cash under a question, whoever knows the answer
 * claims it, and after a deadline it goes back.
 */
import type { CodecType, OutPoint, Version } from "../../../modules/contract/mod.ts";
import {
  amount,
  closedEnum,
  openEnum,
  option,
  outPoint,
  publicKey,
  refine,
  struct,
  text,
  u64,
  unit,
  unknownVariantError,
  utf8,
} from "../../../modules/contract/mod.ts";
import { QUESTION_BYTES_MAX } from "./limits.ts";

export const BOUNTY_KIND = "bounty";
export const BOUNTY_CONSENSUS_VERSION: Version = { major: 0, minor: 0 };
export const BOUNTY_API_VERSION: Version = { major: 0, minor: 0 };

/** What guardians take for keeping a bounty, and for paying it out. */
export const bountyConfig = struct("BountyConfig", { lockFeeMsat: amount, claimFeeMsat: amount });
export type BountyConfig = CodecType<typeof bountyConfig>;

const question = refine(
  text,
  "Question",
  (value) => utf8(value).length <= QUESTION_BYTES_MAX,
  `a text of at most ${QUESTION_BYTES_MAX} bytes`,
);

// quote: vocabulary
/**
 * Money under a question. Wire: BS msat · text · key 33 · key 33 · BS unix seconds.
 * `answerKey` signs for a claim before the deadline, `refundKey` for taking it back afterwards.
 */
export const bounty = struct("Bounty", {
  amountMsat: amount,
  question,
  answerKey: publicKey,
  refundKey: publicKey,
  deadlineSecs: u64,
});
export type Bounty = CodecType<typeof bounty>;

/** Locks money. A bounty is called after the output that made it. */
export const bountyOutput = openEnum("BountyOutput", { V0: bounty });
export type BountyOutput = CodecType<typeof bountyOutput>;

/** Unlocks all of it: for who knows the answer, or for its maker. The transaction's signature says which one it is. */
export const bountyInput = openEnum("BountyInput", { Claim: outPoint, Refund: outPoint });
export type BountyInput = CodecType<typeof bountyInput>;

/** A guardian's vote: so many seconds since 1970 have gone by. */
export const bountyItem = openEnum("BountyItem", { Time: u64 });
export type BountyItem = CodecType<typeof bountyItem>;
// quote: end

export const bountyInputError = closedEnum("BountyInputError", {
  UnknownInputVariant: unknownVariantError,
  NoSuchBounty: unit,
  TooLate: unit,
  TooEarly: unit,
});
export type BountyInputError = CodecType<typeof bountyInputError>;

export const bountyOutputError = closedEnum("BountyOutputError", {
  UnknownOutputVariant: unknownVariantError,
  AmountTooSmall: unit,
  AmountTooLarge: unit,
  DeadlinePassed: unit,
  DeadlineTooFar: unit,
});
export type BountyOutputError = CodecType<typeof bountyOutputError>;

/** The same on both sides. There are no outcomes: what became of a bounty is asked for by its name. */
export const bountyCodecs = {
  config: bountyConfig,
  input: bountyInput,
  output: bountyOutput,
  outputOutcome: unit,
  consensusItem: bountyItem,
  inputError: bountyInputError,
  outputError: bountyOutputError,
};

/** A bounty as guardians list it. */
export const listedBounty = struct("ListedBounty", { id: outPoint, bounty });
export type ListedBounty = CodecType<typeof listedBounty>;
/** The last one of the page before, null for the first page. */
export const pageAfter = option(outPoint);

/** `TXID:INDEX` */
export function bountyIdText({ txid, outIdx }: OutPoint): string {
  return `${txid}:${outIdx}`;
}

/** Undefined for a text that is none. */
export function parseBountyId(given: string): OutPoint | undefined {
  const [, txid, outIdx] = /^([0-9a-f]{64}):([0-9]{1,9})$/.exec(given) ?? [];
  return txid === undefined ? undefined : { txid, outIdx: Number(outIdx) };
}

export function inputErrorText(error: BountyInputError): string {
  switch (error.tag) {
    case "UnknownInputVariant":
      return "The federation does not know this version of a claim";
    case "NoSuchBounty":
      return "There is no such bounty: somebody has claimed it, or it went back";
    case "TooLate":
      return "The bounty's deadline has passed";
    case "TooEarly":
      return "The bounty can still be claimed: it goes back after its deadline";
  }
}

export function outputErrorText(error: BountyOutputError): string {
  switch (error.tag) {
    case "UnknownOutputVariant":
      return "The federation does not know this version of a bounty";
    case "AmountTooSmall":
      return "The bounty is too small to pay for its claim";
    case "AmountTooLarge":
      return "There is not so much money";
    case "DeadlinePassed":
      return "The bounty's deadline has passed already";
    case "DeadlineTooFar":
      return "The bounty's deadline is more than a year away";
  }
}
