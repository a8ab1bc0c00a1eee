/** What all parts of the guardian's side work with. */
import type { G1, Scalar } from "../../../core/crypto/mod.ts";
import type { ThresholdCiphertexts } from "../../../core/crypto/threshold_crypto.ts";
import type { ServerModuleEnv } from "../../contract/server.ts";
import type { LnConfig, LnPrivateConfig } from "../config.ts";

export type LnEnv = ServerModuleEnv<LnConfig, LnPrivateConfig> & {
  /** What was found out about ciphertexts. */
  readonly ciphertexts: ThresholdCiphertexts;
  /** Own share of the federation's key. */
  readonly secretShare: Scalar;
  /** Every guardian's public share of it, by peer id. */
  readonly publicShares: readonly G1[];
};
