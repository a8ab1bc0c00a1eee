/** What operators are shown, as JSON. fedimint-gateway-common 0.13.0 (`lib.rs`). */
import { toHex } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { u64 } from "../../../core/encoding/mod.ts";
import { amount } from "../../../core/types/amount.ts";
import { paymentFee } from "../../../modules/lnv2/fees.ts";
import type { ServedFederation } from "../federations.ts";
import type { NodeChannel, NodeInfo, NodeTransaction } from "../node/node.ts";

export async function federationInfo({ federationId, record, wallet }: ServedFederation): Promise<Json> {
  const { name } = await wallet.knownMeta(), { kept } = await wallet.lastBackup();
  return {
    federation_id: federationId,
    federation_name: name,
    balance_msat: amount.toJson(await wallet.getBalance()),
    config: {
      invite_code: record.inviteCode,
      federation_index: record.index,
      lightning_fee: paymentFee.toJson(record.lightningFee),
      transaction_fee: paymentFee.toJson(record.transactionFee),
      payment_policies: record.receiveEnabled ? [] : ["ReceivesDisabled"],
      _connector: "Tcp",
    },
    last_backup_time: kept && systemTime(kept.atMs),
  };
}

/** Serde's form of a time. */
export function systemTime(ms: number): Json {
  return { secs_since_epoch: Math.floor(ms / 1_000), nanos_since_epoch: (ms % 1_000) * 1_000_000 };
}

export function lightningInfo(info: NodeInfo | null): Json {
  if (!info) return "not_connected";
  return {
    connected: {
      public_key: toHex(info.publicKey),
      alias: info.alias,
      network: info.network,
      block_height: info.blockHeight,
      synced_to_chain: info.isSynced,
    },
  };
}

export function channelInfo(channel: NodeChannel): Json {
  const { funding } = channel;
  return {
    remote_pubkey: toHex(channel.remoteKey),
    channel_size_sats: u64.toJson(channel.sizeSats),
    outbound_liquidity_sats: u64.toJson(channel.outboundMsat / 1_000n),
    inbound_liquidity_sats: u64.toJson(channel.inboundMsat / 1_000n),
    is_active: channel.isActive,
    funding_outpoint: funding && `${funding.txid}:${funding.output}`,
    remote_node_alias: channel.remoteAlias,
    remote_address: channel.remoteAddress,
    base_fee_msat: channel.baseFeeMsat === null ? null : u64.toJson(channel.baseFeeMsat),
    parts_per_million: channel.partsPerMillion === null ? null : u64.toJson(channel.partsPerMillion),
  };
}

const KINDS = { bolt11: "Bolt11", bolt12: "Bolt12Offer", onchain: "Onchain" } as const;
const DIRECTIONS = { inbound: "Inbound", outbound: "Outbound" } as const;
export const STATUSES = { pending: "Pending", succeeded: "Succeeded", failed: "Failed" } as const;

export function transactionInfo(transaction: NodeTransaction): Json {
  return {
    payment_hash: transaction.paymentHash && toHex(transaction.paymentHash),
    preimage: transaction.preimage && toHex(transaction.preimage),
    payment_kind: KINDS[transaction.kind],
    amount: amount.toJson(transaction.amountMsat),
    direction: DIRECTIONS[transaction.direction],
    status: STATUSES[transaction.status],
    timestamp_secs: transaction.timestamp,
  };
}
