/** For tests: what every client's module has that is there for its calls or commands alone. */
import { unit } from "../../core/encoding/mod.ts";

/** No money, no config and no states: all that the module would encode is nothing. */
export const moneyless = {
  consensusVersion: { major: 0, minor: 0 },
  requiredApi: { major: 0, minor: 0 },
  config: unit,
  codecs: {
    config: unit,
    input: unit,
    output: unit,
    outputOutcome: unit,
    consensusItem: unit,
    inputError: unit,
    outputError: unit,
  },
  state: unit,
} as const;
