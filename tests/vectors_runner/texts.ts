/** The vector files as modules, which tests without permissions may load. */
import aead from "../vectors/aead.json" with { type: "text" };
import config from "../vectors/config.json" with { type: "text" };
import dkg from "../vectors/dkg.json" with { type: "text" };
import ln from "../vectors/ln.json" with { type: "text" };
import lnv2 from "../vectors/lnv2.json" with { type: "text" };
import meta from "../vectors/meta.json" with { type: "text" };
import mintv2 from "../vectors/mintv2.json" with { type: "text" };
import primitives from "../vectors/primitives.json" with { type: "text" };
import secp from "../vectors/secp.json" with { type: "text" };
import tbs from "../vectors/tbs.json" with { type: "text" };
import types from "../vectors/types.json" with { type: "text" };
import walletv2 from "../vectors/walletv2.json" with { type: "text" };

export const VECTOR_TEXTS: { readonly [file: string]: string } = {
  "aead.json": aead,
  "config.json": config,
  "dkg.json": dkg,
  "ln.json": ln,
  "lnv2.json": lnv2,
  "meta.json": meta,
  "mintv2.json": mintv2,
  "primitives.json": primitives,
  "secp.json": secp,
  "tbs.json": tbs,
  "types.json": types,
  "walletv2.json": walletv2,
};
