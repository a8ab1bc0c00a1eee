/** The module's vocabulary, for guardians and clients. */
import { unit } from "../../core/encoding/mod.ts";
import {
  metaConsensusItem,
  metaInput,
  metaInputError,
  metaOutput,
  metaOutputError,
  metaOutputOutcome,
} from "./common.ts";

export const metaCodecs = {
  config: unit,
  input: metaInput,
  output: metaOutput,
  outputOutcome: metaOutputOutcome,
  consensusItem: metaConsensusItem,
  inputError: metaInputError,
  outputError: metaOutputError,
};
