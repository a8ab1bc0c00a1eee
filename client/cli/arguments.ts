/** Reads arguments. What can't be read is an error of usage, told by commander with the argument's name. */
import { InvalidArgumentError } from "commander";
import type { Codec } from "../../core/encoding/mod.ts";
import { DecodeError } from "../../core/encoding/mod.ts";
import type { FederationId, ModuleInstanceId, OperationId, PeerId } from "../../core/types/ids.ts";
import { federationId, operationId } from "../../core/types/ids.ts";
import { parseAmount } from "../../core/types/amount_text.ts";
import { parseSafeUrl } from "../../core/types/safe_url.ts";
import { PastedError } from "../pasted.ts";

const U16_MAX = 0xffff;
const U32_MAX = 0xffff_ffff;

function wholeNumber(max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\+?[0-9]+$/.test(text) || number > max) {
      throw new InvalidArgumentError(`Expected a whole number up to ${max}.`);
    }
    return number;
  };
}

export const peerArgument: (text: string) => PeerId = wholeNumber(U16_MAX);
export const u32Argument = wholeNumber(U32_MAX);
export const countArgument = wholeNumber(Number.MAX_SAFE_INTEGER);

/** Seconds with a fraction, not negative. */
export function secondsArgument(text: string): number {
  const seconds = Number(text);
  if (text.trim() === "" || !Number.isFinite(seconds) || seconds < 0) {
    throw new InvalidArgumentError("Expected seconds, such as 0.5.");
  }
  return seconds;
}

/** `true` and `false` as the reference's environment variables take them. */
export function boolishArgument(text: string): boolean {
  if (/^(1|true|t|yes|y|on)$/i.test(text)) return true;
  if (/^(0|false|f|no|n|off)$/i.test(text)) return false;
  throw new InvalidArgumentError("Expected true or false.");
}

/** What `parse` refuses becomes an error of usage. */
function decoded<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (thrown) {
      if (thrown instanceof PastedError) throw new InvalidArgumentError(thrown.message);
      if (thrown instanceof DecodeError) throw new InvalidArgumentError(thrown.message.replace(/[.]?$/, "."));
      throw thrown;
    }
  };
}

export const amountArgument: (text: string) => bigint = decoded(parseAmount);
export const urlArgument: (text: string) => string = decoded(parseSafeUrl);
/** A gateway's URL, or its id: 33 bytes as hex. */
export function gatewayArgument(text: string): string {
  return /^0[23][0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : urlArgument(text);
}

export const federationIdArgument: (text: string) => FederationId = decoded((text) => fromText(federationId, text));

export const operationIdArgument: (text: string) => OperationId = decoded((text) => fromText(operationId, text));

function fromText<T>(codec: Codec<T>, text: string): T {
  return codec.fromJson(text);
}

/** A module by instance (digits only) or by kind. */
export type ModuleSelector = { readonly id: ModuleInstanceId } | { readonly kind: string };

export function moduleArgument(text: string): ModuleSelector {
  return /^[0-9]+$/.test(text) ? { id: wholeNumber(U16_MAX)(text) } : { kind: text };
}
