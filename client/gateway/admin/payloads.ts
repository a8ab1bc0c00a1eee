/** Bodies of operators' requests. fedimint-gateway-common 0.13.0 (`lib.rs`). */
import type { Bytes } from "../../../core/bytes.ts";
import type { Codec, CodecType, Json } from "../../../core/encoding/mod.ts";
import {
  bool,
  DecodeError,
  jsonDefault,
  list,
  option,
  struct,
  text,
  u32,
  u64,
  u64Number,
} from "../../../core/encoding/mod.ts";
import { bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { amount } from "../../../core/types/amount.ts";
import { federationId, sha256Hash } from "../../../core/types/ids.ts";
import { publicKey } from "../../../core/types/keys.ts";

/** Null when it is left out. */
function left<T>(codec: Codec<T>): Codec<T | null> {
  return jsonDefault(option(codec), () => null);
}

function badJson(expected: string): never {
  throw new DecodeError("invalid", `Expected ${expected}`);
}

type FromJson<T> = Pick<Codec<T>, "fromJson">;

/** Satoshi, or all. */
const satsOrAll: Codec<bigint | "all"> = {
  ...(u64 as Codec<bigint | "all">),
  name: "BitcoinAmountOrAll",
  toJson: (value) => value === "all" ? value : u64.toJson(value),
  fromJson: (json) => json === "all" ? json : u64.fromJson(json),
};

/** As a form sends it: a number, its text, or nothing, which an empty text is as well. */
function formField<T>(codec: Codec<T>): Codec<T | null> {
  const given = left(codec);
  return {
    ...given,
    fromJson: (json) => {
      if (typeof json !== "string") return given.fromJson(json);
      const trimmed = json.trim();
      if (trimmed === "") return null;
      return /^[0-9]{1,20}$/.test(trimmed) ? codec.fromJson(BigInt(trimmed)) : badJson("a whole number");
    },
  };
}

/** Fees of channels have 32 bits on the wire between nodes. */
const u32Fee: Codec<bigint> = {
  ...u64,
  fromJson: (json) => {
    const value = u64.fromJson(json);
    return value < 2n ** 32n ? value : badJson("a fee within 32 bits");
  },
};

export const connectFed = struct("ConnectFedPayload", { inviteCode: text, recover: left(bool) });
export const ofFederation = struct("FederationPayload", { federationId });
export const config = struct("ConfigPayload", { federationId: left(federationId) });
export const addressRecheck = struct("DepositAddressRecheckPayload", { address: text, federationId });
export const withdraw = struct("WithdrawPayload", { federationId, amount: satsOrAll, address: text });
export const withdrawToOnchain = struct("WithdrawToOnchainPayload", { federationId, amount: satsOrAll });
export const peginFromOnchain = struct("PeginFromOnchainPayload", {
  federationId,
  amount: satsOrAll,
  feeRateSatsPerVbyte: u64Number,
});
export const sendOnchain = struct("SendOnchainRequest", {
  address: text,
  amount: satsOrAll,
  feeRateSatsPerVbyte: u64Number,
});
export const spendEcash = struct("SpendEcashPayload", { federationId, amount });
export const receiveEcash = struct("ReceiveEcashPayload", { notes: text });
export const setFees = struct("SetFeesPayload", {
  federationId: left(federationId),
  lightningBase: left(amount),
  lightningPartsPerMillion: left(u64),
  transactionBase: left(amount),
  transactionPartsPerMillion: left(u64),
});
export const setPaymentPolicy = struct("SetPaymentPolicyPayload", {
  federationId: left(federationId),
  receiveEnabled: left(bool),
});
export const createInvoice = struct("CreateInvoiceForOperatorPayload", {
  amountMsats: u64,
  expirySecs: left(u32),
  description: left(text),
});
export const payInvoice = struct("PayInvoiceForOperatorPayload", { invoice: bolt11Invoice });
export const getInvoice = struct("GetInvoiceRequest", { paymentHash: sha256Hash });
export const openChannel = struct("OpenChannelRequest", {
  pubkey: publicKey,
  host: text,
  channelSizeSats: u64,
  pushAmountSats: u64,
  feeRateSatsPerVbyte: formField(u64Number),
  baseFeeMsat: formField(u32Fee),
  partsPerMillion: formField(u32Fee),
});
export type OpenChannel = CodecType<typeof openChannel>;
export const setMnemonic = struct("SetMnemonicPayload", { words: left(text) });
export const createOffer = struct("CreateOfferPayload", {
  amount: left(amount),
  description: left(text),
  expirySecs: left(u32),
  quantity: left(u64),
});
export const payOffer = struct("PayOfferPayload", {
  offer: text,
  amount: left(amount),
  quantity: left(u64),
  payerNote: left(text),
});
export const closeChannels = struct("CloseChannelsWithPeerRequest", {
  pubkey: publicKey,
  force: jsonDefault(bool, () => false),
  satsPerVbyte: left(u64Number),
});
export const listTransactions = struct("ListTransactionsPayload", { startSecs: u64Number, endSecs: u64Number });
export const paymentSummary = struct("PaymentSummaryPayload", { startMillis: u64Number, endMillis: u64Number });
export const paymentLog = struct("PaymentLogPayload", {
  endPosition: left(u64Number),
  paginationSize: u64Number,
  federationId,
  eventKinds: list(text),
});

function member(json: Json, name: string): Json {
  if (json === null || typeof json !== "object" || Array.isArray(json)) return badJson("an object");
  return (json as { readonly [name: string]: Json })[name] ?? badJson(`a member ${name}`);
}

/** `key@host` or `key@host:port`. */
export const connectPeer: FromJson<{ readonly publicKey: Bytes; readonly host: string }> = {
  fromJson: (json) => {
    const address = text.fromJson(member(json, "node_address")).trim();
    const [, key, host] = /^([0-9a-fA-F]{66})@(.+)$/.exec(address) ?? [];
    if (key === undefined) return badJson("a node address in pubkey@host[:port] format");
    const hasPort = host!.startsWith("[") ? host!.includes("]:") : host!.includes(":");
    return { publicKey: publicKey.fromJson(key.toLowerCase()), host: hasPort ? host! : `${host}:9735` };
  },
};

/** Where a channel was opened, as `txid:output`, and its fees. */
export const setChannelFees: FromJson<{
  readonly funding: { readonly txid: string; readonly output: number };
  readonly baseFeeMsat: bigint;
  readonly partsPerMillion: bigint;
}> = {
  fromJson: (json) => {
    const [, txid, output] = /^([0-9a-f]{64}):([0-9]{1,9})$/.exec(text.fromJson(member(json, "funding_outpoint"))) ??
      [];
    if (txid === undefined) return badJson("an outpoint as txid:output");
    return {
      funding: { txid, output: Number(output) },
      baseFeeMsat: u64.fromJson(member(json, "base_fee_msat")),
      partsPerMillion: u64.fromJson(member(json, "parts_per_million")),
    };
  },
};
