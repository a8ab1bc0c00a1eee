/** Versions of consensus and APIs. `fedimint-core/src/module/version.rs`. */
import type { Codec } from "../encoding/mod.ts";
import { struct, u32 } from "../encoding/mod.ts";

/** What both sides speak: they understand each other when `major` is the same, and the lower `minor` counts. */
export type Version = { readonly major: number; readonly minor: number };
/** Of a version. */
export const version: Codec<Version> = struct("Version", { major: u32, minor: u32 });

/** What this implementation speaks: Fedimint 0.13. */
export const CORE_CONSENSUS_VERSION: Version = { major: 2, minor: 1 };
export const CORE_API_VERSION: Version = { major: 0, minor: 9 };
export const FEDIMINT_VERSION = "0.13.0";
