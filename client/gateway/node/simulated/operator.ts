/** What operators do with a simulated node. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../../core/bytes.ts";
import { fromHex, toHex } from "../../../../core/bytes.ts";
import { parseBolt11 } from "../../../../core/lightning/bolt11.ts";
import type { NodeOperator, NodeTransaction } from "../node.ts";
import { NodeError } from "../node.ts";
import type { Call } from "./call.ts";
import type { SimulatedNode } from "./simulated_node.ts";

const SAT_MSAT = 1_000n;
const MS_PER_S = 1_000;
const FINAL_CLTV_DELTA = 18;

function refuse(message: string): never {
  throw new NodeError("refused", message);
}

export function simulatedOperator(node: SimulatedNode, call: Call): NodeOperator {
  const txid = (): string => toHex(node.lightning.dice.bytes(32));
  return {
    balances: (signal) =>
      call(({ books }) => ({
        onchainSats: books.onchainSats,
        lightningMsat: books.localMsat,
        inboundMsat: books.remoteMsat,
      }), signal),
    onchainAddress: (signal) =>
      call(({ books, publicKey }) => `simulated:${toHex(publicKey).slice(0, 8)}:${books.addresses++}`, signal),
    sendOnchain: ({ amountSats }, signal) =>
      call(({ books }) => {
        const sats = amountSats === "all" ? books.onchainSats : amountSats;
        if (sats <= 0n || sats > books.onchainSats) return refuse("The wallet has too little.");
        books.onchainSats -= sats;
        return txid();
      }, signal),
    channels: (signal) =>
      call(({ books, isUp }) =>
        books.channels.map((channel) => ({
          ...channel,
          remoteAlias: null,
          remoteAddress: null,
          // one channel carries all: that of others is what they were opened with
          outboundMsat: channel === books.channels[0] ? books.localMsat : 0n,
          inboundMsat: channel === books.channels[0] ? books.remoteMsat : 0n,
          isActive: isUp,
        })), signal),
    connectPeer: ({ publicKey }, signal) =>
      call((asked) => {
        if (asked.lightning.nodeOf(publicKey) === undefined) refuse("There is no such node.");
      }, signal),
    openChannel: ({ publicKey, sizeSats, pushSats, baseFeeMsat, partsPerMillion }, signal) =>
      call((asked) => {
        const { books } = asked;
        if (asked.lightning.nodeOf(publicKey) === undefined) refuse("There is no such node.");
        if (sizeSats > books.onchainSats || pushSats > sizeSats) refuse("The wallet has too little.");
        const funding = { txid: txid(), output: 0 };
        const localMsat = (sizeSats - pushSats) * SAT_MSAT, remoteMsat = pushSats * SAT_MSAT;
        const channel = {
          funding,
          sizeSats,
          baseFeeMsat: baseFeeMsat ?? 0n,
          partsPerMillion: partsPerMillion ?? 0n,
        };
        books.onchainSats -= sizeSats;
        books.localMsat += localMsat;
        books.remoteMsat += remoteMsat;
        books.channels.push({ ...channel, remoteKey: publicKey });
        asked.lightning.channelTo(publicKey, {
          localMsat: remoteMsat,
          remoteMsat: localMsat,
          entry: { ...channel, remoteKey: asked.publicKey },
        });
        return funding.txid;
      }, signal),
    closeChannels: ({ publicKey }, signal) =>
      call(({ books }) => {
        const key = toHex(publicKey);
        const closed = books.channels.filter(({ remoteKey }) => toHex(remoteKey) === key);
        if (closed.length > 0 && closed.length < books.channels.length) {
          return refuse("The simulated node closes all channels or none.");
        }
        books.channels.length = 0;
        books.onchainSats += books.localMsat / SAT_MSAT;
        books.localMsat %= SAT_MSAT;
        books.remoteMsat = 0n;
        return closed.length;
      }, signal),
    setChannelFees: ({ funding, baseFeeMsat, partsPerMillion }, signal) =>
      call(({ books }) => {
        const channel = books.channels.find((each) =>
          each.funding.txid === funding.txid && each.funding.output === funding.output
        ) ?? refuse("There is no such channel.");
        channel.baseFeeMsat = baseFeeMsat;
        channel.partsPerMillion = partsPerMillion;
      }, signal),
    createInvoice: ({ amountMsat, expirySecs, description }, signal) =>
      call((asked) => {
        const preimage = asked.lightning.dice.bytes(32);
        return asked.addInvoice({
          paymentHash: sha256(preimage) as Bytes,
          amountMsat,
          expirySecs,
          minFinalCltvExpiryDelta: FINAL_CLTV_DELTA,
          description: { tag: "Direct", value: description },
        }, preimage);
      }, signal),
    invoice: (paymentHash, signal) =>
      call(({ books }) => {
        const invoice = books.invoices.get(toHex(paymentHash));
        if (invoice === undefined) return null;
        return {
          preimage: invoice.preimage,
          amountMsat: invoice.amountMsat,
          createdAt: Math.floor(invoice.createdAtMs / MS_PER_S),
          status: STATUS[invoice.state],
        };
      }, signal),
    transactions: ({ startSecs, endSecs }, signal) =>
      call(
        (asked) => transactionsOf(asked).filter(({ timestamp }) => timestamp >= startSecs && timestamp <= endSecs),
        signal,
      ),
  };
}

const STATUS = { open: "pending", accepted: "pending", settled: "succeeded", cancelled: "failed" } as const;

function transactionsOf({ books }: SimulatedNode): NodeTransaction[] {
  const inbound = [...books.invoices.values()].map((invoice): NodeTransaction => ({
    kind: "bolt11",
    direction: "inbound",
    status: STATUS[invoice.state],
    amountMsat: invoice.amountMsat,
    paymentHash: fromHex(parseBolt11(invoice.text).paymentHash),
    preimage: invoice.preimage,
    txid: null,
    timestamp: Math.floor(invoice.createdAtMs / MS_PER_S),
  }));
  const outbound = [...books.payments].map(([hash, { amountMsat, startedAtMs, outcome }]): NodeTransaction => ({
    kind: "bolt11",
    direction: "outbound",
    status: outcome === null ? "pending" : outcome.ok ? "succeeded" : "failed",
    amountMsat,
    paymentHash: fromHex(hash),
    preimage: outcome?.ok ? outcome.value.preimage : null,
    txid: null,
    timestamp: Math.floor(startedAtMs / MS_PER_S),
  }));
  return [...inbound, ...outbound].sort((a, b) => a.timestamp - b.timestamp);
}
