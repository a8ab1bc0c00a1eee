/**
 * Which API version to speak with a federation. `fedimint-client-module/src/api_version_discovery.rs`;
 * docs/protocol/02-api.md §5.
 */
import type { ApiVersionSet, SupportedApiVersionsSummary } from "../../core/types/api_versions.ts";
import type { ModuleInstanceId, PeerId } from "../../core/types/ids.ts";
import type { Version } from "../../core/types/version.ts";

/**
 * What one side needs of the other: versions that must match on the major, and the lowest API version for each major.
 */
export type Required = { readonly consensus: readonly Version[]; readonly api: readonly Version[] };
type Offered = { readonly consensus: readonly Version[]; readonly api: readonly Version[] };

function sameMajors(a: readonly Version[], b: readonly Version[]): boolean {
  return a.length === b.length && a.every(({ major }, i) => major === b[i]!.major);
}

/**
 * The major that most guardians offer (the lowest of equals), with the smallest minor among them; null when nobody
 * fits.
 */
export function negotiate(required: Required, offers: readonly Offered[]): Version | null {
  let best: { version: Version; count: number } | null = null;
  for (const { major, minor } of required.api) {
    const minors = offers.filter(({ consensus }) => sameMajors(consensus, required.consensus)).flatMap(({ api }) =>
      api.filter((offered) => offered.major === major && offered.minor >= minor).map((offered) => offered.minor)
    );
    if (minors.length > (best?.count ?? 0)) {
      best = { version: { major, minor: minors.reduce((a, b) => Math.min(a, b)) }, count: minors.length };
    }
  }
  return best?.version ?? null;
}

/** A module's versions in the federation's config, and what this client needs of its API. */
export type RequiredModule = { readonly moduleConsensus: Version; readonly api: readonly Version[] };

/** @returns null when not even the core fits; modules that don't fit are left out */
export function negotiateAll(
  coreConsensus: Version,
  coreApi: readonly Version[],
  modules: ReadonlyMap<ModuleInstanceId, RequiredModule>,
  summaries: ReadonlyMap<PeerId, SupportedApiVersionsSummary>,
): ApiVersionSet | null {
  const offers = [...summaries.values()];
  const coreOffers = offers.map(({ core }) => ({ consensus: [core.coreConsensus], api: core.api }));
  const core = negotiate({ consensus: [coreConsensus], api: coreApi }, coreOffers);
  if (!core) return null;
  const chosen = new Map<ModuleInstanceId, Version>();
  for (const [id, { moduleConsensus, api }] of modules) {
    const moduleOffers = offers.flatMap((summary) => {
      const offered = summary.modules.get(id);
      return offered ? [{ consensus: [offered.coreConsensus, offered.moduleConsensus], api: offered.api }] : [];
    });
    const version = negotiate({ consensus: [coreConsensus, moduleConsensus], api }, moduleOffers);
    if (version) chosen.set(id, version);
  }
  return { core, modules: chosen };
}
