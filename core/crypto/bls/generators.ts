/**
 * Both groups' generators, compressed. Of the curve's definition (draft-irtf-cfrg-pairing-friendly-curves 4.2.1). To
 * have noble encode its own took each start a tenth of a second.
 */
export const GENERATORS = {
  G1: "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
  G2: "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e" +
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8",
} as const;
