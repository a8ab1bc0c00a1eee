/** What a guardian offers and a client requires. `fedimint-core/src/module/version.rs`. */
import type { Codec, CodecType } from "../encoding/mod.ts";
import { badJson, list, map, struct } from "../encoding/mod.ts";
import { moduleInstanceId } from "./ids.ts";
import type { Version } from "./version.ts";
import { version } from "./version.ts";

/** At most one minor version a major one: a guardian's highest offered, a client's lowest required. Majors ascend. */
export type MultiApiVersion = Version[];

const versions = list(version);

/** JSON that doesn't ascend is refused; bytes that don't are taken, as the reference takes them. */
export const multiApiVersion: Codec<MultiApiVersion> = {
  ...versions,
  name: "MultiApiVersion",
  fromJson: (json) => {
    const value = versions.fromJson(json);
    const ascends = value.every(({ major }, i) => i === 0 || value[i - 1]!.major < major);
    return ascends ? value : badJson("API versions with ascending majors");
  },
};

export const supportedCoreApiVersions = struct("SupportedCoreApiVersions", {
  coreConsensus: version,
  api: multiApiVersion,
});

export const supportedModuleApiVersions = struct("SupportedModuleApiVersions", {
  coreConsensus: version,
  moduleConsensus: version,
  api: multiApiVersion,
});

/** Answer to `version`. */
export const supportedApiVersionsSummary = struct("SupportedApiVersionsSummary", {
  core: supportedCoreApiVersions,
  modules: map(moduleInstanceId, supportedModuleApiVersions),
});
export type SupportedApiVersionsSummary = CodecType<typeof supportedApiVersionsSummary>;

/** Answer to a negotiation: one version for the core and each module both sides speak. */
export const apiVersionSet = struct("ApiVersionSet", { core: version, modules: map(moduleInstanceId, version) });
export type ApiVersionSet = CodecType<typeof apiVersionSet>;
