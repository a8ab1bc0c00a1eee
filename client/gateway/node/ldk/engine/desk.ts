/** Answers what the gateway asks. An answer leaves when what it says is on disk. */
import { bitcoinTransaction, scriptFromAddress } from "../../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { fromHex, toHex } from "../../../../../core/bytes.ts";
import { encode } from "../../../../../core/encoding/mod.ts";
import { err, ok } from "../../../../../core/result.ts";
import type { NodeChannel, NodeTransaction } from "../../node.ts";
import { NodeError } from "../../node.ts";
import { LIST_MAX } from "../limits.ts";
import type { LdkCall, LdkCalls, PaymentState } from "../wire.ts";
import type { ldk } from "./bindings.ts";
import { outPointText } from "./bindings.ts";
import type { Engine } from "./engine.ts";
import type { BookedPayment } from "./payments.ts";
import type { InvoiceRecord } from "./records.ts";
import { spendCoins } from "./spend.ts";

type Handlers = {
  readonly [C in LdkCall]: (
    engine: Engine,
    args: LdkCalls[C]["args"],
  ) => Promise<LdkCalls[C]["answer"]> | LdkCalls[C]["answer"];
};

/** Fees on the chain are whole satoshis a vbyte, four weight units. */
const PER_KW_OF_PER_VBYTE = 250;
/** The newest; a line has a bound. */
const TRANSACTIONS_MAX = 2_000;
const FEERATE_SAT_PER_VBYTE_MAX = 10_000;

/** @throws {NodeError} what is refused */
export async function answer(engine: Engine, call: LdkCall, args: unknown): Promise<unknown> {
  const handle = HANDLERS[call] as ((engine: Engine, args: unknown) => unknown) | undefined;
  if (handle === undefined) throw new NodeError("unsupported", `The node knows no ${String(call)}.`);
  const value = await handle(engine, args);
  await engine.pump();
  return value;
}

const HANDLERS: Handlers = {
  info: (engine) => ({
    publicKey: fromHex(engine.lightning.nodeKey),
    blockHeight: engine.tip.height,
    isSynced: engine.isSynced,
    address: engine.sockets.address,
  }),
  hold: async (engine, { paymentHash, ...terms }) => {
    const made = await engine.invoices.hold(toHex(paymentHash), terms);
    if (made.ok) return made.value;
    throw new NodeError("refused", "There is an invoice for this payment hash, with other terms.");
  },
  held: (engine) =>
    engine.invoices.held().map(({ paymentHash, ...held }) => ({ paymentHash: fromHex(paymentHash), ...held })),
  settle: async (engine, { preimage }) => {
    const over = await engine.invoices.settle(preimage);
    if (over !== null) return over;
    // LDK takes it at once, unless it can't: then it is asked again
    await engine.pump();
    return await engine.invoices.settle(preimage);
  },
  cancel: (engine, { paymentHash }) => engine.invoices.cancel(toHex(paymentHash)),
  pay: async (engine, terms) => stateOf(await engine.payments.pay(terms)),
  payment: async (engine, { paymentHash }) => {
    const found = await engine.payments.find(toHex(paymentHash));
    return found && stateOf(found);
  },
  balances: (engine) => {
    const channels = engine.channels.list();
    return {
      onchainSats: engine.wallet.balanceSat(),
      lightningMsat: channels.reduce((sum, channel) => sum + channel.get_outbound_capacity_msat(), 0n),
      inboundMsat: channels.reduce((sum, channel) => sum + channel.get_inbound_capacity_msat(), 0n),
    };
  },
  address: (engine) => engine.wallet.newAddress(),
  send: (engine, payment) => send(engine, payment),
  channels: (engine) => engine.channels.list().slice(0, LIST_MAX).map((channel) => channelOf(engine, channel)),
  connect: async (engine, { publicKey, host }) => {
    await engine.channels.connect(toHex(publicKey), host);
    return null;
  },
  open: (engine, channel) => engine.channels.open(channel),
  close: (engine, { publicKey, force, feerateSatPerVbyte }) =>
    engine.channels.close(toHex(publicKey), force, feerateSatPerVbyte),
  fees: (engine, { funding: { txid, output }, baseFeeMsat, partsPerMillion }) => {
    engine.channels.setFees(`${txid}:${output}`, baseFeeMsat, partsPerMillion);
    return null;
  },
  createInvoice: (engine, { description, ...terms }) =>
    engine.invoices.own({ ...terms, description: { tag: "Direct", value: description } }),
  invoice: async (engine, { paymentHash }) => {
    const record = await engine.invoices.find(toHex(paymentHash));
    if (record === null) return null;
    const { amountMsat, createdSecs } = record;
    return { preimage: preimageOf(record), amountMsat, createdAt: Number(createdSecs), status: statusOf(record) };
  },
  transactions: (engine, times) => transactions(engine, times),
};

function stateOf({ record: { state }, number }: BookedPayment): PaymentState {
  switch (state.tag) {
    case "Pending":
      return { outcome: null, number };
    case "Paid":
      return { outcome: ok(state.value), number };
    case "Failed":
      return { outcome: err(state.value.reason), number };
  }
}

function preimageOf({ state }: InvoiceRecord): Bytes | null {
  return state.tag === "Settled" ? state.value.preimage : null;
}

function statusOf({ state }: InvoiceRecord): NodeTransaction["status"] {
  if (state.tag === "Settled") return "succeeded";
  return state.tag === "Cancelled" ? "failed" : "pending";
}

async function send(
  engine: Engine,
  { address, amountSats, feerateSatPerVbyte }: LdkCalls["send"]["args"],
): Promise<string> {
  const script = scriptFromAddress(address, engine.network);
  if (!script.ok) throw new NodeError("refused", `That is no address of ${engine.network}.`);
  if (!(feerateSatPerVbyte >= 1 && feerateSatPerVbyte <= FEERATE_SAT_PER_VBYTE_MAX)) {
    throw new NodeError("refused", `A fee rate is 1 to ${FEERATE_SAT_PER_VBYTE_MAX} sat/vbyte.`);
  }
  const { wallet, keys, tip } = engine;
  const made = spendCoins(keys, wallet.spendable(), {
    script: script.value,
    amountSat: amountSats,
    perKw: Math.ceil(feerateSatPerVbyte * PER_KW_OF_PER_VBYTE),
    changeScript: wallet.changeScript,
  });
  if (!made.ok) {
    const { haveSat, needSat } = made.error;
    throw new NodeError("refused", `The wallet has ${haveSat} sat that can be spent now, and ${needSat} are needed.`);
  }
  const txid = wallet.keep(made.value, "Payment", tip.height);
  const sent = await engine.sendNow(encode(bitcoinTransaction, made.value));
  if (sent.ok) return txid;
  wallet.drop(txid);
  throw new NodeError("refused", `The Bitcoin node doesn't take the payment: ${sent.error}`);
}

function channelOf({ channels }: Engine, channel: ldk.ChannelDetails): NodeChannel {
  const remoteKey = channel.get_counterparty().get_node_id().slice() as Bytes;
  const funding = channel.get_funding_txo() as ldk.OutPoint | null;
  const [txid, output] = funding === null ? [null, 0] : outPointText(funding).split(":") as [string, string];
  const config = channel.get_config() as ldk.ChannelConfig | null;
  return {
    remoteKey,
    remoteAlias: null,
    remoteAddress: channels.host(toHex(remoteKey)),
    sizeSats: channel.get_channel_value_satoshis(),
    outboundMsat: channel.get_outbound_capacity_msat(),
    inboundMsat: channel.get_inbound_capacity_msat(),
    isActive: Boolean(channel.get_is_usable()),
    funding: txid === null ? null : { txid, output: Number(output) },
    baseFeeMsat: config && BigInt(config.get_forwarding_fee_base_msat()),
    partsPerMillion: config && BigInt(config.get_forwarding_fee_proportional_millionths()),
  };
}

async function transactions(
  engine: Engine,
  { startSecs, endSecs }: LdkCalls["transactions"]["args"],
): Promise<NodeTransaction[]> {
  const isAsked = (secs: bigint): boolean => secs >= BigInt(startSecs) && secs < BigInt(endSecs);
  const paid = (await engine.payments.all()).filter(([, { begunSecs }]) => isAsked(begunSecs)).map(
    ([hash, { state, amountMsat, begunSecs }]): NodeTransaction => ({
      kind: "bolt11",
      direction: "outbound",
      status: state.tag === "Paid" ? "succeeded" : state.tag === "Failed" ? "failed" : "pending",
      amountMsat,
      paymentHash: fromHex(hash),
      preimage: state.tag === "Paid" ? state.value.preimage : null,
      txid: null,
      timestamp: Number(begunSecs),
    }),
  );
  const received = (await engine.invoices.all()).filter(([, { createdSecs }]) => isAsked(createdSecs)).map(
    ([hash, record]): NodeTransaction => ({
      kind: "bolt11",
      direction: "inbound",
      status: statusOf(record),
      amountMsat: record.state.tag === "Settled" ? record.state.value.amountMsat : record.amountMsat,
      paymentHash: fromHex(hash),
      preimage: preimageOf(record),
      txid: null,
      timestamp: Number(record.createdSecs),
    }),
  );
  return [...paid, ...received].sort((a, b) => a.timestamp - b.timestamp).slice(-TRANSACTIONS_MAX);
}
