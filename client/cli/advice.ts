/** What to do after an error, for people. */
import { ApiError } from "../../modules/contract/federation_api.ts";
import { FedimintError } from "../../core/result.ts";

const ADVICE: ReadonlyMap<string, string> = new Map([
  ["not_joined", "Join a federation first: `join INVITE_CODE`. Whoever runs one hands out its invite code."],
  [
    "insufficient_balance",
    "`balance` shows what there is, `deposit` adds to it. Amounts without a unit are millisatoshi.",
  ],
  [
    "insufficient_funds",
    "`balance` shows what there is, `deposit` adds to it. Amounts without a unit are millisatoshi.",
  ],
  ["wrong_federation", "E-cash is redeemed where it was issued. `info` shows the id of this wallet's federation."],
  [
    "already_received",
    "Nothing is lost: the money is in this wallet, or was refused when it came. `list-operations` shows it.",
  ],
  ["offline", "Notes that fit the amount must be exchanged first, which takes a connection. Nothing was spent."],
]);

const UNREACHABLE =
  "Nothing was lost. Check the network and try again; a federation works as long as most of its guardians do.";

/** Null when the error says it all. */
export function advice(thrown: unknown): string | null {
  if (thrown instanceof ApiError) return UNREACHABLE;
  if (!(thrown instanceof FedimintError)) return null;
  return ADVICE.get(thrown.code as string) ?? null;
}
