/**
 * Messages of the key ceremony in one of the two groups. `fedimint-core/src/config.rs`. Points decode only if they are
 * of the group.
 */
import { boundedList, closedEnum } from "../encoding/mod.ts";
import { blsScalar, g1Point, g2Point } from "./bls.ts";
import { sha256Hash } from "./ids.ts";

/**
 * As many as the federation's threshold; 20 guardians, the most of a multisig, have 14. Each takes up to half a
 * millisecond to check, and a message of the links could hold 200,000.
 */
export const COMMITMENT_POINTS_MAX = 100;

/**
 * Hash: of the own commitment. Commitment: the public polynomial, constant term first. Share: the secret polynomial's
 * value for the receiver. Secret.
 */
export const dkgMessageG1 = closedEnum("DkgMessageG1", {
  Hash: sha256Hash,
  Commitment: boundedList(g1Point, COMMITMENT_POINTS_MAX),
  Share: blsScalar,
});

export const dkgMessageG2 = closedEnum("DkgMessageG2", {
  Hash: sha256Hash,
  Commitment: boundedList(g2Point, COMMITMENT_POINTS_MAX),
  Share: blsScalar,
});
