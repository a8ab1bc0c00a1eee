/** What operators do with an LND. fedimint-lightning `lnd.rs`. */
import { fromHex, toHex } from "../../../../core/bytes.ts";
import type { JsonObject } from "../../../../core/encoding/mod.ts";
import { isJsonObject } from "../../../../core/encoding/mod.ts";
import type { FundingOutpoint, NodeChannel, NodeOperator, NodeTransaction } from "../node.ts";
import { NodeError } from "../node.ts";
import {
  base64,
  base64Url,
  bytesIn,
  countIn,
  flagIn,
  hashIn,
  hexIn,
  integerIn,
  numberIn,
  objectIn,
  objectsIn,
  textIn,
} from "./answers.ts";
import { invoiceOf, type LndContext, streamed } from "./context.ts";
import { stateOf } from "./hold.ts";
import { CHANNEL_CALL_MS, TRANSACTIONS_MAX, TRANSACTIONS_PAGE } from "./limits.ts";
import { LndRefusal } from "./rest.ts";

const SAT_MSAT = 1_000n, NS_PER_S = 1_000_000_000n;
const TIME_LOCK_DELTA = 40;
const STATUS = { open: "pending", accepted: "pending", settled: "succeeded", cancelled: "failed" } as const;

function refuse(message: string): never {
  throw new NodeError("refused", message);
}

export function lndOperator(context: LndContext): NodeOperator {
  const { rest } = context;
  const msatIn = (balance: JsonObject, name: string): bigint => countIn(objectIn(balance, name), "msat");
  const connect: NodeOperator["connectPeer"] = async ({ publicKey, host }, signal) => {
    const pubkey = toHex(publicKey);
    const { peers } = { peers: objectsIn(await rest.get("/v1/peers", { signal }), "peers") };
    if (peers.some((peer) => textIn(peer, "pub_key") === pubkey)) return;
    try {
      await rest.post("/v1/peers", { addr: { pubkey, host }, perm: false, timeout: "10" }, { signal });
    } catch (thrown) {
      // between the question and the wish
      if (!(thrown instanceof LndRefusal && thrown.said.startsWith("already connected"))) throw thrown;
    }
  };
  return {
    balances: async (signal) => {
      const onchain = await rest.get("/v1/balance/blockchain", { signal });
      const channels = await rest.get("/v1/balance/channels", { signal });
      return {
        onchainSats: countIn(onchain, "total_balance") + countIn(onchain, "reserved_balance_anchor_chan"),
        // without what is on its way, which LND has taken off already, and without channels that aren't open
        lightningMsat: msatIn(channels, "local_balance"),
        inboundMsat: msatIn(channels, "remote_balance"),
      };
    },
    onchainAddress: async (signal) =>
      textIn(await rest.post("/v2/wallet/address/next", { type: "TAPROOT_PUBKEY" }, { signal }), "addr"),
    sendOnchain: async ({ address, amountSats, feerateSatPerVbyte }, signal) =>
      textIn(
        await rest.post("/v1/transactions", {
          addr: address,
          ...(amountSats === "all" ? { send_all: true } : { amount: String(amountSats) }),
          sat_per_vbyte: String(feerateSatPerVbyte),
          spend_unconfirmed: true,
        }, { signal }),
        "txid",
      ),
    channels: (signal) => channelsOf(context, signal),
    connectPeer: connect,
    openChannel: async ({ publicKey, host, sizeSats, pushSats, ...wishes }, signal) => {
      const { feerateSatPerVbyte = null, baseFeeMsat = null, partsPerMillion = null } = wishes;
      await connect({ publicKey, host }, signal);
      const opened = await rest.post("/v1/channels", {
        node_pubkey: base64(publicKey),
        local_funding_amount: String(sizeSats),
        push_sat: String(pushSats),
        ...(feerateSatPerVbyte !== null && { sat_per_vbyte: String(feerateSatPerVbyte) }),
        ...(baseFeeMsat !== null && { base_fee: String(baseFeeMsat), use_base_fee: true }),
        ...(partsPerMillion !== null && { fee_rate: String(partsPerMillion), use_fee_rate: true }),
      }, { signal, timeoutMs: CHANNEL_CALL_MS });
      return toHex(bytesIn(opened, "funding_txid_bytes").toReversed());
    },
    closeChannels: async ({ publicKey, force, feerateSatPerVbyte }, signal) => {
      const peer = base64Url(publicKey);
      const channels = objectsIn(
        await rest.get(`/v1/channels?peer=${encodeURIComponent(peer)}`, { signal }),
        "channels",
      );
      for (const channel of channels) {
        await close(context, textIn(channel, "channel_point"), force, feerateSatPerVbyte, signal);
      }
      return channels.length;
    },
    setChannelFees: (fees, signal) => setFees(context, fees, signal),
    createInvoice: async ({ amountMsat, expirySecs, description }, signal) =>
      textIn(
        await rest.post("/v1/invoices", {
          memo: description,
          value_msat: String(amountMsat),
          expiry: String(expirySecs),
        }, { signal }),
        "payment_request",
      ),
    invoice: async (paymentHash, signal) => {
      const invoice = await invoiceOf(context, paymentHash, signal);
      if (invoice === null) return null;
      return {
        preimage: hashIn(invoice, "r_preimage"),
        amountMsat: countIn(invoice, "value_msat"),
        createdAt: numberIn(invoice, "creation_date"),
        status: statusOf(invoice),
      };
    },
    transactions: async ({ startSecs, endSecs }, signal) => {
      const during = `creation_date_start=${startSecs}&creation_date_end=${endSecs}&reversed=true`;
      const payments = await newest(context, `/v1/payments?include_incomplete=true&${during}`, {
        rows: "payments",
        sizeName: "max_payments",
      }, signal);
      const invoices = await newest(context, `/v1/invoices?${during}`, {
        rows: "invoices",
        sizeName: "num_max_invoices",
      }, signal);
      return [...payments.map(outgoing), ...invoices.map(incoming)].sort((a, b) => a.timestamp - b.timestamp);
    },
  };
}

function statusOf(invoice: JsonObject): NodeTransaction["status"] {
  const state = stateOf(invoice);
  return state === null ? "pending" : STATUS[state];
}

function outgoing(payment: JsonObject): NodeTransaction {
  const status = textIn(payment, "status");
  return {
    kind: "bolt11",
    direction: "outbound",
    status: status === "SUCCEEDED" ? "succeeded" : status === "FAILED" ? "failed" : "pending",
    amountMsat: countIn(payment, "value_msat"),
    paymentHash: hexIn(payment, "payment_hash", 32),
    preimage: status === "SUCCEEDED" ? hexIn(payment, "payment_preimage", 32) : null,
    txid: null,
    timestamp: Number(countIn(payment, "creation_time_ns") / NS_PER_S),
  };
}

function incoming(invoice: JsonObject): NodeTransaction {
  return {
    kind: "bolt11",
    direction: "inbound",
    status: statusOf(invoice),
    amountMsat: countIn(invoice, "value_msat"),
    paymentHash: hashIn(invoice, "r_hash"),
    preimage: stateOf(invoice) === "settled" ? hashIn(invoice, "r_preimage") : null,
    txid: null,
    timestamp: numberIn(invoice, "creation_date"),
  };
}

/** The newest `TRANSACTIONS_MAX` rows, by pages. */
async function newest(
  { rest }: LndContext,
  path: string,
  { rows, sizeName }: { readonly rows: string; readonly sizeName: string },
  signal?: AbortSignal,
): Promise<JsonObject[]> {
  const all: JsonObject[] = [];
  for (let offset = 0n; all.length < TRANSACTIONS_MAX;) {
    const answer = await rest.get(`${path}&index_offset=${offset}&${sizeName}=${TRANSACTIONS_PAGE}`, { signal });
    const page = objectsIn(answer, rows);
    for (const row of page) all.push(row);
    offset = integerIn(answer, "first_index_offset");
    if (page.length < TRANSACTIONS_PAGE || offset === 0n) break;
  }
  return all;
}

function fundingOf(channel: JsonObject): FundingOutpoint | null {
  const [, txid, output] = /^([0-9a-f]{64}):([0-9]{1,10})$/.exec(textIn(channel, "channel_point")) ?? [];
  return txid === undefined ? null : { txid, output: Number(output) };
}

async function channelsOf({ rest }: LndContext, signal?: AbortSignal): Promise<NodeChannel[]> {
  const peers = objectsIn(await rest.get("/v1/peers", { signal }), "peers");
  const addresses = new Map(peers.map((peer) => [textIn(peer, "pub_key"), textIn(peer, "address")]));
  const fees = await feesByChannel(rest, signal);
  const channels = objectsIn(await rest.get("/v1/channels?peer_alias_lookup=true", { signal }), "channels");
  return channels.map((channel) => {
    const fee = fees.get(textIn(channel, "chan_id")), remote = textIn(channel, "remote_pubkey");
    return {
      remoteKey: hexIn(channel, "remote_pubkey", 33),
      remoteAlias: aliasOf(channel),
      remoteAddress: addresses.get(remote) || null,
      sizeSats: countIn(channel, "capacity"),
      outboundMsat: usable(channel, "local") * SAT_MSAT,
      inboundMsat: usable(channel, "remote") * SAT_MSAT,
      isActive: flagIn(channel, "active"),
      funding: fundingOf(channel),
      baseFeeMsat: fee === undefined ? null : countIn(fee, "base_fee_msat"),
      partsPerMillion: fee === undefined ? null : countIn(fee, "fee_per_mil"),
    };
  });
}

/** None at all while LND has none for a channel that was opened a moment ago. */
async function feesByChannel(rest: LndContext["rest"], signal?: AbortSignal): Promise<Map<string, JsonObject>> {
  try {
    const report = objectsIn(await rest.get("/v1/fees", { signal }), "channel_fees");
    return new Map(report.map((fee) => [textIn(fee, "chan_id"), fee]));
  } catch (thrown) {
    if (thrown instanceof LndRefusal) return new Map();
    throw thrown;
  }
}

/** LND puts its complaint where it knows no alias. */
function aliasOf(channel: JsonObject): string | null {
  const alias = textIn(channel, "peer_alias");
  return alias === "" || alias.startsWith("unable to lookup peer alias") ? null : alias;
}

/** Without the reserve that a side must keep. */
function usable(channel: JsonObject, side: "local" | "remote"): bigint {
  const constraints = channel[`${side}_constraints`];
  const reserve = isJsonObject(constraints) ? countIn(constraints, "chan_reserve_sat") : 0n;
  const balance = countIn(channel, `${side}_balance`);
  return balance > reserve ? balance - reserve : 0n;
}

/** Closing is a stream whose first word says that it has begun; nobody waits for the chain. */
async function close(
  context: LndContext,
  channelPoint: string,
  force: boolean,
  feerateSatPerVbyte: number | null,
  signal?: AbortSignal,
): Promise<void> {
  const fee = force || feerateSatPerVbyte === null ? "" : `&sat_per_vbyte=${feerateSatPerVbyte}`;
  const path = `/v1/channels/${channelPoint.replace(":", "/")}?force=${force}&no_wait=true${fee}`;
  for await (const _ of streamed(context, path, { method: "DELETE", signal })) return;
}

/** LND sets every field of a policy: what isn't to change is read before. */
async function setFees(
  { rest }: LndContext,
  { funding, baseFeeMsat, partsPerMillion }: Parameters<NodeOperator["setChannelFees"]>[0],
  signal?: AbortSignal,
): Promise<void> {
  const point = `${funding.txid}:${funding.output}`;
  const channels = objectsIn(await rest.get("/v1/channels", { signal }), "channels");
  const channel = channels.find((each) => textIn(each, "channel_point") === point) ??
    refuse(`There is no channel with the funding outpoint ${point}.`);
  const own = textIn(await rest.get("/v1/getinfo", { signal }), "identity_pubkey");
  const edge = await rest.get(`/v1/graph/edge/${textIn(channel, "chan_id")}`, { signal });
  const policy = edge[textIn(edge, "node2_pub") === own ? "node2_policy" : "node1_policy"];
  const answer = await rest.post("/v1/chanpolicy", {
    chan_point: { funding_txid_bytes: base64(fromHex(funding.txid).reverse()), output_index: funding.output },
    base_fee_msat: String(baseFeeMsat),
    fee_rate_ppm: Number(partsPerMillion),
    time_lock_delta: isJsonObject(policy) ? numberIn(policy, "time_lock_delta") : TIME_LOCK_DELTA,
    max_htlc_msat: isJsonObject(policy) ? textIn(policy, "max_htlc_msat") : "0",
    min_htlc_msat: isJsonObject(policy) ? textIn(policy, "min_htlc") : "0",
    min_htlc_msat_specified: false,
  }, { signal });
  const failed = objectsIn(answer, "failed_updates");
  if (failed.length > 0) {
    refuse(`LND hasn't set the fees: ${failed.map((each) => textIn(each, "update_error")).join("; ")}`);
  }
}
