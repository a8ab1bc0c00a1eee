/** What guardians say of inputs and outputs that they refuse. fedimint-lnv2-common 0.13.0 (`lib.rs`). */
import type { Bytes } from "../../core/bytes.ts";
import { decode } from "../../core/encoding/mod.ts";
import type { LightningInputError, LightningOutputError } from "./common.ts";
import { lightningInputError, lightningOutputError } from "./common.ts";

const UNKNOWN = "The lightning input version is not supported by this federation";

const INPUT_TEXTS: Readonly<Record<LightningInputError["tag"], string>> = {
  UnknownInputVariant: UNKNOWN,
  UnknownContract: "No contract found for given ContractId",
  InvalidPreimage: "The preimage is invalid",
  Expired: "The contracts locktime has passed",
  NotExpired: "The contracts locktime has not yet passed",
  InvalidDecryptionKey: "The aggregate decryption key is invalid",
  InvalidForfeitSignature: "The forfeit signature is invalid",
};

const OUTPUT_TEXTS: Readonly<Record<LightningOutputError["tag"], string>> = {
  UnknownOutputVariant: UNKNOWN,
  InvalidContract: "The contract is invalid",
  ContractExpired: "The contract is expired",
};

export function inputErrorText({ tag }: LightningInputError): string {
  return INPUT_TEXTS[tag];
}

export function outputErrorText({ tag }: LightningOutputError): string {
  return OUTPUT_TEXTS[tag];
}

/** Text of an encoded error. */
export function describeLightningError(kind: "inputError" | "outputError", body: Bytes): string {
  return kind === "inputError"
    ? inputErrorText(decode(lightningInputError, body))
    : outputErrorText(decode(lightningOutputError, body));
}
