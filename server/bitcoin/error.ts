/** Errors of the Bitcoin backends that a person has to mend. */
import { FedimintError } from "../../core/result.ts";

export class BitcoinError extends FedimintError<{ readonly code: "different_chains" }> {}
