/** Why a transaction or a block is refused, in Bitcoin Core's words. */
import type { Result } from "../../../../core/result.ts";
import { err } from "../../../../core/result.ts";

export type Reject = {
  /** `missing_inputs` may become valid later; `consensus` never will; `policy` is only not relayed. */
  readonly kind: "consensus" | "policy" | "missing_inputs";
  /** Core's short reason, such as `bad-txns-in-belowout`. */
  readonly reason: string;
  /** Core's longer text, "" for none. */
  readonly detail: string;
};

export type Checked<T> = Result<T, Reject>;

export function invalid(reason: string, detail = ""): { readonly ok: false; readonly error: Reject } {
  return err({ kind: "consensus", reason, detail });
}

export function nonStandard(reason: string, detail = ""): { readonly ok: false; readonly error: Reject } {
  return err({ kind: "policy", reason, detail });
}

/** As Core prints it. */
export function rejectText({ reason, detail }: Reject): string {
  return detail === "" ? reason : `${reason}, ${detail}`;
}
