/** Errors for people: what is wrong in their words, and what to do. */
import { errorText, type FedimintError } from "../../core/result.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { isUnreachable } from "../federation/api.ts";
import { CliError } from "./error.ts";
import { printable } from "./printable.ts";

/** Where fedimint-cli's words say little. */
const PLAINER: ReadonlyMap<string, string> = new Map([
  ["no_data_dir", "it is not said where the wallet is kept"],
  ["not_joined", "there is no wallet here yet"],
]);

const ADVICE: ReadonlyMap<string, string> = new Map([
  ["no_data_dir", "Give --data-dir DIR before the command, or set FM_CLIENT_DIR."],
  ["not_joined", "Join a federation first: `join INVITE_CODE`. Whoever runs one hands out its invite code."],
  ["insufficient_balance", "`balance` shows what there is, `deposit` adds to it. A number alone is millisatoshi."],
  ["insufficient_funds", "`balance` shows what there is, `deposit` adds to it. A number alone is millisatoshi."],
  [
    "no_feerate",
    "The federation's guardians don't reach the Bitcoin network at the moment. Nothing was paid: try again in some minutes. E-cash works meanwhile.",
  ],
  [
    "federation_short",
    "Nothing was lost: the money can be spent as e-cash, and be withdrawn when others have deposited bitcoin.",
  ],
  ["fee_high", "Nothing was paid. Try again after the next block, pay more at once, or say how much the fee may be."],
  ["fee_too_low", "Nothing was paid. Leave the fee out, and the least is taken."],
  ["wrong_federation", "E-cash is redeemed where it was issued. `info` shows the id of this wallet's federation."],
  [
    "already_received",
    "Nothing is lost: its money is in this wallet, or it was refused when it came. `list-operations` shows which.",
  ],
  ["no_answer", "Nothing was changed: there is the wallet that there was, or none."],
  [
    "unauthorized",
    "Nothing was lost. Ask for an invite code that the federation gives out now, then `join INVITE_CODE`: a wallet that has joined keeps everything, and learns the new secret.",
  ],
  ["offline", "Notes that fit the amount must be exchanged first, which takes a connection. Nothing was spent."],
]);

const UNREACHABLE =
  "Nothing was lost. Check the network and try again; a federation works as long as most of its guardians do.";

function adviceFor(thrown: FedimintError<{ code: string }>): string | undefined {
  return ADVICE.get(thrown.code) ?? (thrown instanceof ApiError ? UNREACHABLE : undefined);
}

/** Why something was not learnt from guardians; in few words where none that was asked could be reached. */
export function reasonFor(thrown: unknown): string {
  for (let at = thrown; at instanceof Error; at = at.cause) {
    if (!(at instanceof ApiError) || at.facts.code !== "federation") continue;
    const { peers } = at.facts;
    const texts = Object.values(peers);
    if (texts.length === 0 || !texts.every(isUnreachable)) continue;
    return `too few guardians can be reached; there is no connection to ${Object.keys(peers).join(", ")}`;
  }
  return printable(errorText(thrown));
}

/** Lines for standard error. */
export function friendlyError(thrown: FedimintError<{ code: string }>): string {
  const text = thrown instanceof CliError ? PLAINER.get(thrown.code) : undefined;
  const hint = adviceFor(thrown);
  return `error: ${text ?? printable(errorText(thrown))}\n${hint === undefined ? "" : `${hint}\n`}`;
}
