/** Everybody counts: wallets, guardians, the gateway, both sides of the channels; and the tables of that. */
import { sleep } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import type { Audit } from "./audits.ts";
import { awaitEqualAudits, netMsat } from "./audits.ts";
import type { LightningCast } from "./lightning.ts";
import type { ChannelSides, Holdings } from "./sums.ts";

const platform = realPlatform();
const POLL_MS = 200;
const COUNT_MS = 120_000;

/** Of all guardians the same. */
export type Count = { readonly holdings: Holdings; readonly audits: readonly Audit[] };

/**
 * Waits until nothing is under way: all guardians agree, owe no contract, and owe exactly the e-cash that is held; the
 * gateway and the outside world see the same in each channel.
 * @throws {Error} with the figures, when it doesn't come to that
 */
export async function countAll(federation: DevFederation, cast: LightningCast): Promise<Count> {
  const { alice, bob } = cast, endMs = platform.clock.monotonicMs() + COUNT_MS;
  for (;;) {
    await Promise.all([alice.client.awaitIdle(), bob.client.awaitIdle()]);
    const audits = await awaitEqualAudits(federation), [audit] = audits;
    const aliceMsat = await alice.getBalance(), bobMsat = await bob.getBalance();
    const gatewayMsat = await cast.lightning.ecashMsat(), heldMsat = aliceMsat + bobMsat + gatewayMsat;
    const channels = await channelSides(cast);
    const owedMsat = -netMsat(audit!, "mintv2"), contractsMsat = -netMsat(audit!, "lnv2");
    if (owedMsat === heldMsat && contractsMsat === 0n && channels !== null) {
      if (audit!.net_assets < 0) throw new Error("The guardians owe more than they own");
      const surplusMsat = BigInt(audit!.net_assets);
      return { audits, holdings: { aliceMsat, bobMsat, gatewayMsat, surplusMsat, channels } };
    }
    if (platform.clock.monotonicMs() > endMs) {
      throw new Error(
        `Guardians count ${owedMsat} msat of e-cash and ${contractsMsat} msat in contracts; Alice, Bob and the ` +
          `gateway hold ${heldMsat} msat${channels === null ? ", and the two ends of a channel differ" : ""}`,
      );
    }
    await sleep(platform.clock, POLL_MS);
  }
}

/** As the outside world sees them; null while the gateway sees something else. */
async function channelSides({ lightning, outside }: LightningCast): Promise<ChannelSides[] | null> {
  const ours = await lightning.gateway(["lightning", "list-channels"]) as readonly JsonObject[];
  const sides: ChannelSides[] = [];
  for (const { funding: point, sizeSats, inboundMsat, outboundMsat } of await outside.channels()) {
    const funding = `${point?.txid}:${point?.output}`;
    const seen = ours.find(({ funding_outpoint: outpoint }) => outpoint === funding);
    // shown in whole sat
    const isSame = Number(seen?.outbound_liquidity_sats) === Number(inboundMsat / 1_000n) &&
      Number(seen?.inbound_liquidity_sats) === Number(outboundMsat / 1_000n);
    if (!isSame) return null;
    sides.push({ funding, sizeSats, gatewayMsat: inboundMsat, outsideMsat: outboundMsat });
  }
  return sides.length === ours.length ? sides : null;
}
