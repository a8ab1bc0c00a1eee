/** `module walletv2 …`: names and JSON of fedimint-cli. docs/protocol/02b-cli.md §6. */
import { parseAddress } from "../../../core/bitcoin/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { list, option, tryDecoding, u64 } from "../../../core/encoding/mod.ts";
import { MSAT_PER_SAT } from "../../../core/types/amount.ts";
import { fractionOfSatText } from "../../../core/types/amount_text.ts";
import { compactText } from "../../../core/types/pasted_text.ts";
import type { ClientCommand } from "../../contract/client.ts";
import { amountArgument, noArguments } from "../../contract/command_arguments.ts";
import { CommandError } from "../../contract/command_error.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { PendingDeposit, WalletClient } from "./api.ts";
import { sendOutcomeJson } from "./outcome.ts";
import type { WalletFederation } from "./federation.ts";
import { txInfo } from "../common.ts";
import { satoshi } from "../config.ts";

/** Whole satoshi of an amount, which is millisatoshi unless it has a unit. */
function satOf(text: string, what: string): bigint {
  const msat = amountArgument(text, what);
  if (msat % MSAT_PER_SAT !== 0n) {
    throw CommandError.usage(`${what} cannot be expressed in satoshis: ${fractionOfSatText(text, msat)}`);
  }
  return msat / MSAT_PER_SAT;
}

/** What isn't an address is not repeated: it may be e-cash, or a secret. @throws {CommandError} `usage` */
function addressOf(pasted: string): string {
  const address = tryDecoding(() => compactText(pasted));
  if (address.ok && parseAddress(address.value).ok) return address.value;
  throw CommandError.usage("ADDRESS is not a Bitcoin address");
}

/** An amount of bitcoin needs its unit. */
function bitcoinOf(text: string, what: string): bigint {
  if (!/[a-z]/i.test(text)) throw CommandError.usage(`${what} needs a unit, as in "500 sat"`);
  return satOf(text, what);
}

/** Takes `--fee F` and `--fee=F` out of the arguments. */
function takeFee(args: readonly string[]): { readonly fee: string | undefined; readonly others: readonly string[] } {
  const at = args.findIndex((arg) => arg === "--fee" || arg.startsWith("--fee="));
  if (at < 0) return { fee: undefined, others: args };
  const joined = args[at]!.startsWith("--fee=");
  const fee = joined ? args[at]!.slice("--fee=".length) : args[at + 1];
  if (fee === undefined) throw CommandError.usage("--fee needs an amount");
  return { fee, others: args.toSpliced(at, joined ? 1 : 2) };
}

async function send(wallet: WalletClient, args: readonly string[], signal: AbortSignal): Promise<Json> {
  const { fee, others } = takeFee(args);
  const [pasted, amount, ...more] = others;
  if (pasted === undefined || amount === undefined || more.length > 0) {
    throw CommandError.usage("send takes ADDRESS and AMOUNT");
  }
  const address = addressOf(pasted);
  const amountSat = amount.toLowerCase() === "all" ? "all" : satOf(amount, "AMOUNT");
  let operationId: OperationId;
  if (fee === undefined) {
    operationId = await wallet.withdraw(address, amountSat, {}, signal);
  } else {
    // as the reference: guardians decide whether it is enough
    const feeSat = bitcoinOf(fee, "--fee");
    const valueSat = amountSat === "all" ? await wallet.maxSendable(feeSat, signal) : amountSat;
    operationId = await wallet.send(address, valueSat, { feeSat }, signal);
  }
  return sendOutcomeJson(await wallet.awaitSend(operationId, signal));
}

function depositJson({ outputIndex, valueSat, address, status, tries, reason }: PendingDeposit): Json {
  return {
    output_index: outputIndex,
    value: satoshi.toJson(valueSat),
    address,
    status,
    tries,
    ...(reason !== null && { reason }),
  };
}

type Info = (federation: WalletFederation, signal: AbortSignal) => Promise<Json>;

const transactions = list(txInfo);
const feerate = option(u64);
const INFO: { readonly [name: string]: Info } = {
  "total-value": async (federation, signal) => satoshi.toJson((await federation.wallet(signal))?.value ?? 0n),
  "block-count": (federation, signal) => federation.blockCount(signal),
  feerate: async (federation, signal) => feerate.toJson(await federation.feerate(signal)),
  "pending-tx-chain": async (federation, signal) => transactions.toJson(await federation.pendingChain(signal)),
  "tx-chain": async (federation, signal) => transactions.toJson(await federation.chain(signal)),
};

export function walletCommands(wallet: WalletClient): { readonly [name: string]: ClientCommand } {
  const { federation } = wallet;
  return {
    info: {
      usage: `info ${Object.keys(INFO).join("|")}`,
      help: "What the federation holds on chain (sat), blocks seen, fee rate (sat per kvB), its transactions",
      run: (args, signal) => {
        const [name, ...more] = args;
        const info = name !== undefined && more.length === 0 && Object.hasOwn(INFO, name) ? INFO[name] : undefined;
        if (!info) throw CommandError.usage(`info takes one of ${Object.keys(INFO).join(", ")}`);
        return info(federation, signal);
      },
    },
    "send-fee": {
      usage: "send-fee",
      help: "What a payment costs on chain now, sat",
      run: async (args, signal) => {
        noArguments(args, "send-fee");
        return satoshi.toJson(await federation.sendFee(signal));
      },
    },
    "receive-fee": {
      usage: "receive-fee",
      help: "What claiming a deposit costs on chain now, sat",
      run: async (args, signal) => {
        noArguments(args, "receive-fee");
        return satoshi.toJson(await federation.receiveFee(signal));
      },
    },
    send: {
      usage: 'send ADDRESS AMOUNT|all [--fee "N sat"]',
      help:
        'Pays on chain and waits. AMOUNT in msat unless it has a unit: "50000 sat". Prints the transaction\'s id. A fee of more than a tenth must be given',
      run: (args, signal) => send(wallet, args, signal),
    },
    receive: {
      usage: "receive",
      help: "An address to deposit to; finding the first one takes some seconds",
      run: async (args, signal) => {
        noArguments(args, "receive");
        return await wallet.receive(signal);
      },
    },
    deposits: {
      usage: "deposits [retry]",
      help:
        "Deposits that aren't in the balance (sat), with the reason; `retry` looks for all of them again and tries each",
      run: async (args, signal) => {
        const [word, ...more] = args;
        if (more.length > 0 || (word !== undefined && word !== "retry")) {
          throw CommandError.usage("deposits takes nothing, or the word retry");
        }
        if (word === "retry") await wallet.retryDeposits(signal);
        return (await wallet.deposits()).map(depositJson);
      },
    },
    "quote-send": {
      usage: "quote-send ADDRESS AMOUNT|all",
      help: "What a payment costs now and what arrives, sat and msat; pays nothing",
      run: async (args, signal) => {
        const [pasted, amount, ...more] = args;
        if (pasted === undefined || amount === undefined || more.length > 0) {
          throw CommandError.usage("quote-send takes ADDRESS and AMOUNT");
        }
        const address = addressOf(pasted);
        const amountSat = amount.toLowerCase() === "all" ? "all" : satOf(amount, "AMOUNT");
        const quote = await wallet.quoteWithdraw(address, amountSat, {}, signal);
        return {
          address: quote.address,
          value: satoshi.toJson(quote.valueSat),
          fee: satoshi.toJson(quote.feeSat),
          federation_fee_msat: quote.federationFeeMsat,
          total_msat: quote.totalMsat,
          pending_transactions: quote.pending,
          fee_is_high: quote.isFeeHigh,
        };
      },
    },
    "await-receive": {
      usage: "await-receive POSITION",
      help: "Waits for the next deposit since a position in the event log; prints its state and the next position",
      run: async (args, signal) => {
        const [position, ...more] = args;
        if (position === undefined || more.length > 0 || !/^[0-9]{1,15}$/.test(position)) {
          throw CommandError.usage("await-receive takes one POSITION, a number");
        }
        const { nextEventId } = await wallet.awaitReceive(Number(position), signal);
        return ["Success", nextEventId];
      },
    },
  };
}
