/** The module's vocabulary, for guardians and clients. */
import {
  mintConsensusItem,
  mintInput,
  mintInputError,
  mintOutput,
  mintOutputError,
  mintOutputOutcome,
} from "./common.ts";
import { mintConfig } from "./config.ts";

export const mintCodecs = {
  config: mintConfig,
  input: mintInput,
  output: mintOutput,
  outputOutcome: mintOutputOutcome,
  consensusItem: mintConsensusItem,
  inputError: mintInputError,
  outputError: mintOutputError,
};
