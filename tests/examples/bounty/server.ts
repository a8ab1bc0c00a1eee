/** The guardian's side of the bounty module. */
import type { Result, ServerModule } from "../../../modules/contract/mod.ts";
import { defineServerModule, encode, err, ok, unit } from "../../../modules/contract/mod.ts";
import type { BountyInput, BountyInputError, BountyItem, BountyOutput, BountyOutputError } from "./common.ts";
import { BOUNTY_API_VERSION, BOUNTY_CONSENSUS_VERSION, BOUNTY_KIND, bountyCodecs, bountyConfig } from "./common.ts";
import { TIME_STEP_SECS, TIME_STEP_TEST_SECS } from "./limits.ts";
import { bountyEndpoints } from "./server/endpoints.ts";
import { lock, unlock } from "./server/money.ts";
import { lockedMsat } from "./server/records.ts";
import { dueVote, processTime } from "./server/time.ts";

/** 1 sat for the room that a bounty takes in every guardian's database; as much as a note for paying it out. */
const FEES = { lockFeeMsat: 1_000n, claimFeeMsat: 100n };
const NO_FEES = { lockFeeMsat: 0n, claimFeeMsat: 0n };

type BountyModule = ServerModule<BountyInput, BountyOutput, null, BountyItem, BountyInputError, BountyOutputError>;

function unknownItem(variant: number | bigint): Result<null, string> {
  return err(`unknown kind of item ${variant}`);
}

// quote: definition
export const bountyServer = defineServerModule({
  kind: BOUNTY_KIND,
  consensusVersion: BOUNTY_CONSENSUS_VERSION,
  // who loads it with --module wants it
  enabledByDefault: true,
  apiVersions: [BOUNTY_API_VERSION],
  codecs: bountyCodecs,
  // no keys: nothing is made together in the ceremony, and nothing is secret
  privateConfig: unit,
  distributedGen: (_rounds, { disableBaseFees }) =>
    Promise.resolve({ config: disableBaseFees ? NO_FEES : FEES, privateConfig: null }),
  validateConfig: () => ok(null),
  getClientConfig: (config) => ({ bytes: encode(bountyConfig, config), json: bountyConfig.toJson(config) }),
  start: (env) => {
    const { peers, platform: { clock } } = env;
    const stepSecs = env.testEnvironment ? TIME_STEP_TEST_SECS : TIME_STEP_SECS;
    const module: BountyModule = {
      processInput: (tx, input) => unlock(tx, input, env),
      processOutput: (tx, output, id) => lock(tx, output, id, env),
      processConsensusItem: (tx, item, peer) =>
        item.tag === "Time" ? processTime(tx, item.value, peer) : Promise.resolve(unknownItem(item.value.variant)),
      outputStatus: () => Promise.resolve(null),
      consensusProposal: async (tx) => {
        const time = await dueVote(tx, env.identity, { nowMs: clock.nowMs(), stepSecs });
        return time === null ? [] : [{ tag: "Time", value: time }];
      },
      // what is locked is owed to somebody
      audit: async (tx) => -(await lockedMsat.get(tx) ?? 0n),
      // reads for strangers don't keep consensus waiting
      apiEndpoints: bountyEndpoints(env.store.forStrangers(), peers),
    };
    return Promise.resolve(module);
  },
});
// quote: end
