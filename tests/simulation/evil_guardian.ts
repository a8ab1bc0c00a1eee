/**
 * A guardian's module lnv2 that lies wherever a lie doesn't break consensus: wrong decryption shares, contracts that
 * were never funded, preimages of nothing, heights and times far away.
 */
import type { Endpoint } from "../../modules/contract/server.ts";
import { defineServerModule } from "../../modules/contract/server.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { lnv2Server } from "../../modules/lnv2/server.ts";

/** A point, and nobody's share. */
const G1_GENERATOR = "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
const FAR_BLOCKS = 1_000_000n;
const FAR_SECS = 4_000_000_000n;

/** What it says to whoever asks, whatever the truth is. */
const LIES: Readonly<Record<string, (params: Json) => Json>> = {
  decryption_key_share: () => G1_GENERATOR,
  consensus_block_count: () => Number(FAR_BLOCKS),
  await_incoming_contract: () => ({ txid: "ab".repeat(32), out_idx: 0 }),
  await_preimage: () => "ab".repeat(32),
  outgoing_contract_expiration: () => ["ab".repeat(32), Number(FAR_BLOCKS)],
};

export const lyingLnv2Server = defineServerModule({
  ...lnv2Server,
  start: async (env) => {
    const honest = await lnv2Server.start(env);
    const apiEndpoints: Record<string, Endpoint> = { ...honest.apiEndpoints };
    for (const [name, lie] of Object.entries(LIES)) {
      apiEndpoints[name] = { ...apiEndpoints[name]!, handle: (params) => Promise.resolve(lie(params)) };
    }
    let said = 0n;
    return {
      ...honest,
      apiEndpoints,
      // votes only rise
      consensusProposal: () => {
        said++;
        return Promise.resolve([
          { tag: "BlockCountVote", value: FAR_BLOCKS + said },
          { tag: "UnixTimeVote", value: FAR_SECS + said },
        ]);
      },
    };
  },
});
