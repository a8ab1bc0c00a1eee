/**
 * gateway-cli's commands: which route each asks, with what, and what it prints. fedimint-gateway-client 0.13.0;
 * docs/protocol/06-lightning-meta.md §E.3.
 */
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { isJsonObject, u64 } from "../../../core/encoding/mod.ts";
import { MSAT_PER_SAT } from "../../../core/types/amount.ts";
import { parseAmount } from "../../../core/types/amount_text.ts";
import { hashPassword } from "../admin/password.ts";

/** What was given: arguments and flags by their names, as text; a switch is true. */
export type Given = { readonly [name: string]: string | true | readonly string[] | undefined };

/** Asks the gateway: a `GET` without a body. */
export type Ask = (route: string, body?: Json) => Promise<Json>;

export type GatewayCommand = {
  readonly path: readonly string[];
  readonly help: string;
  /** Positional, in order. */
  readonly args?: readonly string[];
  /** `--name <value>`, by their names; required unless it ends with a question mark; `!` is a switch, `*` a list. */
  readonly flags?: readonly string[];
  /** Null prints nothing. */
  readonly run: (ask: Ask, given: Given, nowMs: number) => Promise<Json>;
  /** What a terminal is shown in the place of the JSON. */
  readonly show?: (answer: Json) => string;
};

/** A text that a command takes and that isn't what it must be. */
export class InputError extends Error {}

export function textOf(given: Given, name: string): string | null {
  const value = given[name];
  return typeof value === "string" ? value : null;
}

export function numberOf(given: Given, name: string): Json {
  const text = textOf(given, name);
  if (text === null) return null;
  if (!/^[0-9]+$/.test(text)) throw new InputError(`invalid value '${text}' for ${name}: expected a whole number`);
  return u64.toJson(u64.fromJson(BigInt(text)));
}

/** `1000` (msat), or with a unit. */
function msatOf(given: Given, name: string): Json {
  const text = textOf(given, name);
  return text === null ? null : u64.toJson(parseAmount(text));
}

export function satsOrAll(given: Given, name: string): Json {
  const text = textOf(given, name)!;
  if (text === "all") return text;
  const msat = parseAmount(text);
  if (msat % MSAT_PER_SAT !== 0n) throw new InputError(`invalid value '${text}' for ${name}: no whole number of sat`);
  return u64.toJson(msat / MSAT_PER_SAT);
}

function boolOf(given: Given, name: string): Json {
  const text = textOf(given, name);
  if (text !== null && text !== "true" && text !== "false") {
    throw new InputError(`invalid value '${text}' for ${name}: expected true or false`);
  }
  return text === null ? null : text === "true";
}

function timeOf(given: Given, name: string): number {
  const text = textOf(given, name)!;
  try {
    return Math.floor(Temporal.Instant.from(text).epochMilliseconds / 1_000);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new InputError(`invalid value '${text}' for ${name}: expected a time as in RFC 3339`);
  }
}

/** Prints what the route answers. */
function shown(
  path: readonly string[],
  help: string,
  route: string,
  rest: Omit<GatewayCommand, "path" | "help" | "run"> & {
    readonly body?: (given: Given) => Json;
    readonly as?: string;
  } = {},
): GatewayCommand {
  const { body, as, ...shape } = rest;
  return {
    path,
    help,
    ...shape,
    run: async (ask, given) => {
      const answer = await (body ? ask(route, body(given)) : ask(route));
      return as === undefined || answer === null ? answer : { [as]: answer };
    },
  };
}

const federation = {
  flags: ["federation_id"],
  body: (given: Given) => ({ federation_id: textOf(given, "federation_id") }),
};
const DAY_MS = 86_400_000;
const PAGE = 25;

/** All commands that ask. */
export const COMMANDS: readonly GatewayCommand[] = [
  shown(["info"], "what the gateway is", "/info"),
  shown(["get-balances"], "on chain, in channels, in federations", "/balances"),
  shown(["connect-fed"], "joins a federation", "/connect_fed", {
    args: ["invite_code"],
    flags: ["recover?"],
    body: (given) => ({ invite_code: textOf(given, "invite_code"), use_tor: null, recover: boolOf(given, "recover") }),
  }),
  shown(["leave-fed"], "leaves a federation; its money stays", "/leave_fed", federation),
  shown(["seed"], "the words of all wallets", "/mnemonic"),
  shown(["stop"], "waits for payments under way, and stops", "/stop"),
  shown(["payment-log"], "payments of a federation, newest first", "/payment_log", {
    flags: ["federation_id", "end_position?", "pagination_size?", "event_kinds*"],
    body: (given) => ({
      end_position: numberOf(given, "end_position"),
      pagination_size: numberOf(given, "pagination_size") ?? PAGE,
      federation_id: textOf(given, "federation_id"),
      event_kinds: (given.event_kinds as readonly string[] | undefined) ?? [],
    }),
  }),
  {
    path: ["payment-summary"],
    help: "what the payments of a day came to",
    flags: ["start?", "end?"],
    run: (ask, given, nowMs) =>
      ask("/payment_summary", {
        start_millis: numberOf(given, "start") ?? nowMs - DAY_MS,
        end_millis: numberOf(given, "end") ?? nowMs,
      }),
  },
  shown(["invite-codes"], "of all federations", "/invite_codes"),
  {
    path: ["create-password-hash"],
    help: "of a password, for the gateway's settings",
    args: ["password"],
    flags: ["cost?"],
    run: (_, given) => hashPassword(textOf(given, "password")!, Number(numberOf(given, "cost") ?? 12)),
  },
  shown(["lightning", "create-invoice"], "an invoice of the node's own", "/create_bolt11_invoice_for_operator", {
    args: ["amount_msats"],
    flags: ["expiry_secs?", "description?"],
    body: (given) => ({
      amount_msats: numberOf(given, "amount_msats"),
      expiry_secs: numberOf(given, "expiry_secs"),
      description: textOf(given, "description"),
    }),
    as: "invoice",
  }),
  shown(["lightning", "pay-invoice"], "pays with the node's money", "/pay_invoice_for_operator", {
    args: ["invoice"],
    body: (given) => ({ invoice: textOf(given, "invoice") }),
    as: "preimage",
  }),
  shown(["lightning", "connect-peer"], "connects to a node", "/connect_peer", {
    flags: ["node_address"],
    body: (given) => ({ node_address: textOf(given, "node_address") }),
  }),
  {
    path: ["lightning", "open-channel"],
    help: "opens a channel",
    flags: [
      "pubkey",
      "host",
      "channel_size_sats",
      "push_amount_sats?",
      "fee_rate_sats_per_vbyte?",
      "base_fee_msat?",
      "parts_per_million?",
    ],
    run: async (ask, given) => {
      const push = numberOf(given, "push_amount_sats") ?? 0;
      const route = push === 0 ? "/open_channel" : "/open_channel_with_push";
      return {
        funding_txid: await ask(route, {
          pubkey: textOf(given, "pubkey"),
          host: textOf(given, "host"),
          channel_size_sats: numberOf(given, "channel_size_sats"),
          push_amount_sats: push,
          fee_rate_sats_per_vbyte: numberOf(given, "fee_rate_sats_per_vbyte"),
          base_fee_msat: numberOf(given, "base_fee_msat"),
          parts_per_million: numberOf(given, "parts_per_million"),
        }),
      };
    },
  },
  shown(["lightning", "close-channels-with-peer"], "closes all channels with a node", "/close_channels_with_peer", {
    flags: ["pubkey", "force!", "sats_per_vbyte?"],
    body: (given) => ({
      pubkey: textOf(given, "pubkey"),
      force: given.force === true,
      sats_per_vbyte: numberOf(given, "sats_per_vbyte"),
    }),
  }),
  shown(["lightning", "list-channels"], "all channels", "/list_channels"),
  shown(["lightning", "set-channel-fees"], "what a channel asks of forwards", "/set_channel_fees", {
    flags: ["funding_outpoint", "base_fee_msat", "parts_per_million"],
    body: (given) => ({
      funding_outpoint: textOf(given, "funding_outpoint"),
      base_fee_msat: numberOf(given, "base_fee_msat"),
      parts_per_million: numberOf(given, "parts_per_million"),
    }),
  }),
  shown(["lightning", "list-transactions"], "the node's payments", "/list_transactions", {
    flags: ["start_time", "end_time"],
    body: (given) => ({ start_secs: timeOf(given, "start_time"), end_secs: timeOf(given, "end_time") }),
  }),
  shown(["lightning", "get-invoice"], "how an invoice of the node's own stands", "/get_invoice", {
    flags: ["payment_hash"],
    body: (given) => ({ payment_hash: textOf(given, "payment_hash") }),
  }),
  shown(
    ["lightning", "create-offer"],
    "a BOLT 12 offer, of a node that makes them",
    "/create_bolt12_offer_for_operator",
    {
      flags: ["amount_msat?", "description?", "expiry_secs?", "quantity?"],
      body: (given) => ({
        amount: numberOf(given, "amount_msat"),
        description: textOf(given, "description"),
        expiry_secs: numberOf(given, "expiry_secs"),
        quantity: numberOf(given, "quantity"),
      }),
    },
  ),
  shown(["lightning", "pay-offer"], "pays a BOLT 12 offer, by a node that can", "/pay_offer_for_operator", {
    flags: ["offer", "amount_msat?", "quantity?", "payer_note?"],
    body: (given) => ({
      offer: textOf(given, "offer"),
      amount: numberOf(given, "amount_msat"),
      quantity: numberOf(given, "quantity"),
      payer_note: textOf(given, "payer_note"),
    }),
  }),
  shown(["ecash", "backup"], "backs up to the guardians", "/backup", federation),
  shown(["ecash", "pegin"], "a deposit address", "/address", { ...federation, as: "address" }),
  shown(["ecash", "pegin-recheck"], "looks for deposits again", "/address_recheck", {
    flags: ["address", "federation_id"],
    body: (given) => ({ address: textOf(given, "address"), federation_id: textOf(given, "federation_id") }),
  }),
  shown(["ecash", "pegin-from-onchain"], "deposits from the node's wallet", "/pegin_from_onchain", {
    flags: ["federation_id", "amount", "fee_rate_sats_per_vbyte"],
    body: (given) => ({
      federation_id: textOf(given, "federation_id"),
      amount: satsOrAll(given, "amount"),
      fee_rate_sats_per_vbyte: numberOf(given, "fee_rate_sats_per_vbyte"),
    }),
    as: "txid",
  }),
  shown(["ecash", "pegout"], "withdraws to an address", "/withdraw", {
    flags: ["federation_id", "amount", "address"],
    body: (given) => ({
      federation_id: textOf(given, "federation_id"),
      amount: satsOrAll(given, "amount"),
      address: textOf(given, "address"),
    }),
  }),
  shown(["ecash", "pegout-to-onchain"], "withdraws to the node's wallet", "/withdraw_to_onchain", {
    flags: ["federation_id", "amount"],
    body: (given) => ({ federation_id: textOf(given, "federation_id"), amount: satsOrAll(given, "amount") }),
  }),
  shown(["ecash", "send"], "e-cash as text: whoever has it has the money", "/spend_ecash", {
    args: ["amount"],
    flags: ["federation_id"],
    body: (given) => ({ federation_id: textOf(given, "federation_id"), amount: msatOf(given, "amount") }),
  }),
  shown(["ecash", "receive"], "takes e-cash", "/receive_ecash", {
    flags: ["notes"],
    body: (given) => ({ notes: textOf(given, "notes") }),
  }),
  shown(["onchain", "address"], "of the node's wallet", "/get_ln_onchain_address", { as: "address" }),
  shown(["onchain", "send"], "from the node's wallet", "/send_onchain", {
    flags: ["address", "amount", "fee_rate_sats_per_vbyte"],
    body: (given) => ({
      address: textOf(given, "address"),
      amount: satsOrAll(given, "amount"),
      fee_rate_sats_per_vbyte: numberOf(given, "fee_rate_sats_per_vbyte"),
    }),
    as: "txid",
  }),
  shown(["cfg", "client-config"], "configs of federations", "/config", {
    flags: ["federation_id?"],
    body: (given) => ({ federation_id: textOf(given, "federation_id") }),
  }),
  {
    path: ["cfg", "display"],
    help: "prices of federations",
    flags: ["federation_id?"],
    run: async (ask, given) => {
      const id = textOf(given, "federation_id"), info = await ask("/info");
      const federations = isJsonObject(info) ? info.federations as readonly JsonObject[] : [];
      return federations.filter((served) => id === null || served.federation_id === id).map(({ config }) => config!);
    },
  },
  shown(["cfg", "set-mnemonic"], "the words of a gateway that has none yet; this one makes its own", "/mnemonic", {
    flags: ["words?"],
    body: (given) => ({ words: textOf(given, "words") }),
  }),
  shown(["cfg", "set-fees"], "prices", "/set_fees", {
    flags: ["federation_id?", "ln_base?", "ln_ppm?", "tx_base?", "tx_ppm?"],
    body: (given) => ({
      federation_id: textOf(given, "federation_id"),
      lightning_base: msatOf(given, "ln_base"),
      lightning_parts_per_million: numberOf(given, "ln_ppm"),
      transaction_base: msatOf(given, "tx_base"),
      transaction_parts_per_million: numberOf(given, "tx_ppm"),
    }),
  }),
  shown(["cfg", "set-payment-policy"], "whether a federation's clients receive", "/set_payment_policy", {
    flags: ["federation_id?", "receive_enabled?"],
    body: (given) => ({
      federation_id: textOf(given, "federation_id"),
      receive_enabled: boolOf(given, "receive_enabled"),
    }),
  }),
];
