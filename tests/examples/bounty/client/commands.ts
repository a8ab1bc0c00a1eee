/** `module bounty …` of the command line. */
import type { ClientCommand, Json } from "../../../../modules/contract/mod.ts";
import { amountArgument, CommandError, u64 } from "../../../../modules/contract/mod.ts";
import type { ListedBounty } from "../common.ts";
import { bountyIdText, parseBountyId } from "../common.ts";
import type { BountyClient } from "./api.ts";

const HOURS_DEFAULT = 24n;
const SECS_PER_HOUR = 3_600n;

function hoursArgument(text: string | undefined): bigint {
  if (text === undefined) return HOURS_DEFAULT;
  if (!/^[0-9]{1,5}$/.test(text)) throw CommandError.usage("HOURS is a whole number");
  return BigInt(text);
}

function bountyArgument(text: string) {
  const id = parseBountyId(text);
  if (!id) throw CommandError.usage("BOUNTY is TXID:INDEX, as `list` shows it");
  return id;
}

function listedJson({ id, bounty }: ListedBounty): Json {
  const { amountMsat, question, deadlineSecs } = bounty;
  return {
    bounty: bountyIdText(id),
    amount: u64.toJson(amountMsat),
    question,
    deadline_secs: u64.toJson(deadlineSecs),
  };
}

export function bountyCommands(bounties: BountyClient): { readonly [name: string]: ClientCommand } {
  return {
    create: {
      usage: "create AMOUNT QUESTION ANSWER [HOURS]",
      help: "Locks AMOUNT (msat unless it has a unit) for whoever knows ANSWER; after HOURS (24) it comes back",
      run: async (args, signal) => {
        const [amount, question, answer, hours, ...more] = args;
        if (amount === undefined || question === undefined || answer === undefined || more.length > 0) {
          throw CommandError.usage("create takes AMOUNT, QUESTION and ANSWER, and HOURS if you like");
        }
        const openSecs = hoursArgument(hours) * SECS_PER_HOUR;
        const amountMsat = amountArgument(amount, "AMOUNT");
        const { operationId, id } = await bounties.create({ amountMsat, question, answer, openSecs }, signal);
        const accepted = await bounties.awaitOpen(operationId, signal);
        if (!accepted.ok) throw CommandError.failed(accepted.error);
        return { operation_id: operationId, bounty: bountyIdText(id) };
      },
    },
    claim: {
      usage: "claim BOUNTY ANSWER",
      help: "Claims the bounty and waits for what becomes of it",
      run: async (args, signal) => {
        const [bounty, answer, ...more] = args;
        if (bounty === undefined || answer === undefined || more.length > 0) {
          throw CommandError.usage("claim takes BOUNTY and ANSWER");
        }
        const operationId = await bounties.claim(bountyArgument(bounty), answer, signal);
        const ended = await bounties.awaitOutcome(operationId, signal);
        if (ended.outcome === "refused") throw CommandError.failed(ended.reason);
        return { operation_id: operationId, outcome: ended.outcome };
      },
    },
    list: {
      usage: "list [AFTER]",
      help: "Open bounties, a page at a time; AFTER is the last one of the page before",
      run: async (args, signal) => {
        const [after, ...more] = args;
        if (more.length > 0) throw CommandError.usage("list takes AFTER at most");
        const page = await bounties.list(after === undefined ? null : bountyArgument(after), signal);
        return page.map(listedJson);
      },
    },
  };
}
