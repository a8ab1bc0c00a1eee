/** The demo's closing tables. */
import { DEPOSIT_SAT, WITHDRAW_SAT } from "./ecash.ts";
import type { Count } from "./counting.ts";
import { netMsat } from "./audits.ts";
import { sats, table } from "./report.ts";
import type { Holdings } from "./sums.ts";
import { gatewayChannelsMsat, heldBackMsat, outsideChannelsMsat, sumMsat } from "./sums.ts";

const FUNDING_SHOWN = 8;

/** Money, channels, audits. */
export function tables(before: Count, after: Count): string {
  return [
    moneyTable(before.holdings, after.holdings),
    channelTable(after.holdings),
    auditTable(after),
  ].join("\n\n");
}

/** Alice's Bitcoin in and out is the first part's, all else the second's. */
function moneyTable(before: Holdings, after: Holdings): string {
  const feesMsat = (DEPOSIT_SAT - WITHDRAW_SAT) * 1_000n - before.aliceMsat - before.bobMsat;
  const row = (name: string, of: (holdings: Holdings) => bigint): string[] => {
    const changeMsat = of(after) - of(before);
    return [name, sats(of(before)), sats(of(after)), `${changeMsat > 0n ? "+" : ""}${sats(changeMsat)}`];
  };
  return [
    `Alice paid ${sats(DEPOSIT_SAT * 1_000n)} in and ${sats(WITHDRAW_SAT * 1_000n)} out: ${sats(feesMsat)} of fees.`,
    "",
    "Who holds what",
    table(["", "before Lightning", "after", "change"], [
      row("Alice, e-cash", ({ aliceMsat }) => aliceMsat),
      row("Bob, e-cash", ({ bobMsat }) => bobMsat),
      row("gateway, e-cash", ({ gatewayMsat }) => gatewayMsat),
      row("gateway, channels", gatewayChannelsMsat),
      row("outside world, channels", outsideChannelsMsat),
      row("guardians, surplus", ({ surplusMsat }) => surplusMsat),
      row("all", sumMsat),
    ]),
    `The gateway earned ${sats(earnedMsat(after) - earnedMsat(before))}.`,
  ].join("\n");
}

function earnedMsat(holdings: Holdings): bigint {
  return holdings.gatewayMsat + gatewayChannelsMsat(holdings);
}

function channelTable({ channels }: Holdings): string {
  return [
    "Channels between the gateway and the outside world",
    table(
      ["", "size", "gateway's side", "outside's side", "held back"],
      channels.map((channel) => [
        `${channel.funding.slice(0, FUNDING_SHOWN)}…`,
        sats(channel.sizeSats * 1_000n),
        sats(channel.gatewayMsat),
        sats(channel.outsideMsat),
        sats(heldBackMsat(channel)),
      ]),
    ),
  ].join("\n");
}

function auditTable({ audits }: Count): string {
  const rows = audits.map((audit, peer) => {
    const net = (kind: string): string => sats(netMsat(audit, kind));
    return [`Guardian ${peer}`, net("walletv2"), net("mintv2"), net("lnv2"), sats(BigInt(audit.net_assets))];
  });
  return [
    "Audit: what each guardian owns less what it owes",
    table(["", "bitcoin", "e-cash", "contracts", "surplus"], rows),
  ].join("\n");
}
