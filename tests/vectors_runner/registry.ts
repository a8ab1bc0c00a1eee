/** Which checker reads which vector file. One line each. */
import type { Checker } from "./checker.ts";
import { checkAead } from "./aead.ts";
import { checkConfig } from "./config.ts";
import { checkDkg } from "./dkg.ts";
import { checkLn } from "./ln.ts";
import { checkLnv2 } from "./lnv2.ts";
import { checkMeta } from "./meta.ts";
import { checkMintv2 } from "./mintv2.ts";
import { checkPrimitives } from "./primitives.ts";
import { checkSecp } from "./secp.ts";
import { checkTbs } from "./tbs.ts";
import { checkTypes } from "./types.ts";
import { checkWalletv2 } from "./walletv2.ts";

export const CHECKERS: { readonly [file: string]: Checker } = {
  "primitives.json": checkPrimitives,
  "types.json": checkTypes,
  "config.json": checkConfig,
  "secp.json": checkSecp,
  "aead.json": checkAead,
  "dkg.json": checkDkg,
  "tbs.json": checkTbs,
  "mintv2.json": checkMintv2,
  "lnv2.json": checkLnv2,
  "ln.json": checkLn,
  "meta.json": checkMeta,
  "walletv2.json": checkWalletv2,
};
