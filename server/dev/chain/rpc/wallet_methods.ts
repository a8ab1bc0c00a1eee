/** The faucet: addresses, payments, mining. Source: Core `wallet/rpc`, `rpc/mining.cpp`. */
import { addressFromScript } from "../../../../core/bitcoin/mod.ts";
import type { Json } from "../../../../core/encoding/mod.ts";
import type { Devnode } from "../devnode.ts";
import { RPC, RpcError } from "../error.ts";
import { GENERATE_BLOCKS_MAX, RELAY_FEE_SAT_PER_KVB } from "../params.ts";
import type { PaymentError } from "../payment.ts";
import { pay } from "../payment.ts";
import { rejectText } from "../rules/reject.ts";
import { btc } from "./amounts.ts";
import type { Method } from "./method.ts";
import type { Params } from "./params.ts";

const PAYMENT_ERRORS: Readonly<Record<PaymentError, string>> = {
  insufficient_funds: "Insufficient funds",
  too_many_inputs: "The payment needs too many inputs. Send a smaller amount to yourself first, to gather coins.",
  amount_below_fee: "The transaction amount is too small to pay the fee",
};

/** Sat per vbyte of the caller; dearer than this is a mistake. */
const FEERATE_MAX_SAT_PER_VB = 10_000;

async function generate(node: Devnode, params: Params): Promise<Json> {
  const count = params.integer(0);
  const script = params.address(1, "Error: Invalid address");
  if (count < 0 || count > GENERATE_BLOCKS_MAX) {
    throw new RpcError(RPC.INVALID_PARAMETER, `One call mines at most ${GENERATE_BLOCKS_MAX} blocks`);
  }
  return await node.generate(count, script);
}

async function newAddress(node: Devnode, params: Params): Promise<Json> {
  if (params.has(1) && params.text(1) !== "bech32") {
    throw new RpcError(RPC.INVALID_ADDRESS_OR_KEY, "This chain's wallet has addresses of type 'bech32' only");
  }
  return addressFromScript(await node.newAddress(), "regtest");
}

async function send(node: Devnode, params: Params): Promise<Json> {
  const script = params.address(0, "Invalid address");
  const amountSat = params.sat(1);
  params.refuse(6, 7, 8);
  if (amountSat === 0n) throw new RpcError(RPC.TYPE, "Invalid amount for send");
  const rate = params.integer(9, Number(RELAY_FEE_SAT_PER_KVB) / 1000);
  if (rate < 1 || rate > FEERATE_MAX_SAT_PER_VB) {
    throw new RpcError(RPC.INVALID_PARAMETER, `fee_rate must be 1 to ${FEERATE_MAX_SAT_PER_VB} sat/vB`);
  }
  const payment = pay(node.wallet, node.wallet.spendable(node.chain.height, node.mempool), {
    script,
    amountSat,
    feerateSatPerKvb: BigInt(rate) * 1000n,
    subtractFee: params.flag(4, false),
  });
  if (!payment.ok) throw new RpcError(RPC.WALLET_FUNDS, PAYMENT_ERRORS[payment.error]);
  const checked = node.check(payment.value);
  if (!checked.ok) throw new RpcError(RPC.TRANSACTION_REJECTED, rejectText(checked.error));
  await node.accept(checked.value);
  return checked.value.txid;
}

/** Mature coins, and change of our own that isn't confirmed yet. */
function balance(node: Devnode): Json {
  const coins = node.wallet.spendable(node.chain.height, node.mempool);
  return btc(coins.reduce((sum, { valueSat }) => sum + valueSat, 0n));
}

export const WALLET_METHODS: readonly Method[] = [
  {
    name: "generatetoaddress",
    params: ["nblocks", "address", "maxtries?"],
    help: "Mines blocks at once, with the transactions that wait, and pays an address for them.",
    call: generate,
  },
  {
    name: "getnewaddress",
    params: ["label?", "address_type?"],
    help: "A further address of this chain's wallet.",
    call: newAddress,
  },
  {
    name: "sendtoaddress",
    params: [
      "address",
      "amount",
      "comment?",
      "comment_to?",
      "subtractfeefromamount?",
      "replaceable?",
      "conf_target?",
      "estimate_mode?",
      "avoid_reuse?",
      "fee_rate?",
    ],
    help: "The faucet: pays an amount in BTC from this chain's wallet, which holds what was mined to it.",
    call: send,
  },
  { name: "getbalance", params: [], help: "What this chain's wallet can spend now, in BTC.", call: balance },
];
