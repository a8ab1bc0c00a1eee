/** What guardians own and owe, as each of them counts it. */
import { realPlatform } from "../../actors/platform/real.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { FederationClient } from "../../client/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";

const platform = realPlatform();

export type Audit = {
  readonly net_assets: number;
  readonly module_summaries: Record<string, { readonly kind: string; readonly net_assets: number }>;
};

/** The same text for the same books: implementations write members in different orders. */
function summaryOf(audit: Audit): string {
  const modules = Object.entries(audit.module_summaries).map(([instance, module]) => [
    instance,
    module.kind,
    module.net_assets,
  ]);
  return JSON.stringify([audit.net_assets, modules]);
}

/** Waits until every guardian has come to the same state. */
export async function awaitEqualAudits(federation: DevFederation): Promise<Audit[]> {
  for (;;) {
    const audits: Audit[] = [];
    for (const { peer } of federation.guardians) audits.push(await federation.call(peer, "audit") as unknown as Audit);
    if (new Set(audits.map(summaryOf)).size === 1) return audits;
    await sleep(platform.clock, 100);
  }
}

/** What a module owns less what it owes, msat. */
export function netMsat(audit: Audit, kind: string): bigint {
  return BigInt(Object.values(audit.module_summaries).find((module) => module.kind === kind)?.net_assets ?? 0);
}

export async function totalMsat(wallets: readonly FederationClient[]): Promise<bigint> {
  let sum = 0n;
  for (const wallet of wallets) sum += await wallet.getBalance();
  return sum;
}

/**
 * @throws Error unless the e-cash issued is what these wallets hold, to the msat, and there is at least as much Bitcoin
 *   behind it
 */
export async function checkBooks(audits: readonly Audit[], wallets: readonly FederationClient[]): Promise<void> {
  const heldMsat = await totalMsat(wallets);
  for (const [peer, audit] of audits.entries()) {
    const owedMsat = -netMsat(audit, "mintv2");
    if (owedMsat !== heldMsat) {
      throw new Error(`Guardian ${peer} counts ${owedMsat} msat of e-cash, but the wallets hold ${heldMsat} msat`);
    }
    if (audit.net_assets < 0) throw new Error(`Guardian ${peer} owes more than it owns`);
  }
}

/** What every guardian owns must be worth what it owes. */
export async function checkSolvency(federation: DevFederation): Promise<void> {
  for (const { peer } of federation.guardians) {
    const { net_assets: netAssets } = await federation.call(peer, "audit") as unknown as Audit;
    if (netAssets < 0) throw new Error(`Guardian ${peer} owes more than it owns`);
  }
}
