/** What people are shown on a terminal in the place of JSON: tables of what the gateway answers. */
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { isJsonObject } from "../../../core/encoding/mod.ts";
import { moneyText, satText } from "../../cli/money.ts";
import { printable } from "../../cli/printable.ts";

/** Columns under their heads, two blanks apart; numbers of money stand at the right. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) => rows.reduce((width, row) => Math.max(width, row[i]!.length), head.length));
  const isRight = heads.map((_, i) => rows.length > 0 && rows.every((row) => /^-?[0-9,.]+( sat.*)?$|^$/.test(row[i]!)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => isRight[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)).join("  ").trimEnd();
  return [line(heads), ...rows.map(line)].map((text) => `${text}\n`).join("");
}

function objectIn(json: Json | undefined): JsonObject {
  return json !== undefined && isJsonObject(json) ? json : {};
}

function listIn(json: Json | undefined): readonly JsonObject[] {
  return Array.isArray(json) ? json.map((each) => objectIn(each as Json)) : [];
}

/** Text of others: names of federations and nodes. */
function textIn(json: Json | undefined, none = "-"): string {
  return typeof json === "string" && json !== "" ? printable(json).replaceAll("\n", " ") : none;
}

function countIn(json: Json | undefined): bigint {
  return typeof json === "number" || typeof json === "bigint" ? BigInt(json) : 0n;
}

function short(text: string): string {
  return text.length > 16 ? `${text.slice(0, 16)}…` : text;
}

/** What the node says of itself, and the federations with their money and prices. Of `/info`. */
export function statusText(info: Json): string {
  const all = objectIn(info), node = objectIn(objectIn(all.lightning_info).connected);
  const isThere = node.public_key !== undefined;
  const federations = listIn(all.federations);
  const lines = [
    `Gateway    ${textIn(all.gateway_state)}`,
    `Node       ${
      isThere ? `${textIn(node.alias)}, ${textIn(node.public_key)}` : "not connected: see the gateway's log"
    }`,
    ...(isThere
      ? [
        `Chain      ${textIn(node.network)}, block ${countIn(node.block_height)}${
          node.synced_to_chain === true ? "" : ", behind"
        }`,
      ]
      : []),
    ...Object.entries(objectIn(all.registrations)).map(([protocol, at]) =>
      `Address    ${textIn(Array.isArray(at) ? at[0] : at)} (${protocol})`
    ),
    ...(Array.isArray(all.warnings) ? all.warnings : []).map((warning) => `Warning    ${textIn(warning as Json)}`),
  ];
  const head = `${lines.join("\n")}\n\n`;
  if (federations.length === 0) return `${head}No federation yet: connect INVITE_CODE joins one.\n`;
  return head + table(
    ["Federation", "Name", "E-cash", "Lightning fee", "Transaction fee", "Receives"],
    federations.map(({ federation_id: id, federation_name: name, balance_msat: balance, config }) => {
      const { lightning_fee: lightning, transaction_fee: transaction, payment_policies: policies } = objectIn(config);
      const isOff = Array.isArray(policies) && policies.includes("ReceivesDisabled");
      return [
        short(textIn(id)),
        textIn(name),
        moneyText(countIn(balance)),
        feeText(lightning),
        feeText(transaction),
        isOff ? "no" : "yes",
      ];
    }),
  );
}

function feeText(json: Json | undefined): string {
  const { base, parts_per_million: partsPerMillion } = objectIn(json);
  return `${countIn(base)} msat + ${countIn(partsPerMillion)} ppm`;
}

/** Of `/balances`. */
export function balancesText(balances: Json): string {
  const all = objectIn(balances);
  return table(["Where", "Amount"], [
    ["on chain", satText(countIn(all.onchain_balance_sats))],
    ["channels, to send", moneyText(countIn(all.lightning_balance_msats))],
    ["channels, to receive", moneyText(countIn(all.inbound_lightning_liquidity_msats))],
    ...listIn(all.ecash_balances).map(({ federation_id: id, ecash_balance_msats: msats }) => [
      `e-cash in ${short(textIn(id))}`,
      moneyText(countIn(msats)),
    ]),
  ]);
}

/** Of `/list_channels`. */
export function channelsText(channels: Json): string {
  const all = listIn(channels);
  if (all.length === 0) return "No channels yet: lightning open-channel makes one.\n";
  return table(
    ["Peer", "Size", "To send", "To receive", "Active", "Fee", "Funding"],
    all.map((channel) => [
      textIn(channel.remote_node_alias, short(textIn(channel.remote_pubkey))),
      `${countIn(channel.channel_size_sats)} sat`,
      `${countIn(channel.outbound_liquidity_sats)} sat`,
      `${countIn(channel.inbound_liquidity_sats)} sat`,
      channel.is_active === true ? "yes" : "no",
      `${countIn(channel.base_fee_msat)} msat + ${countIn(channel.parts_per_million)} ppm`,
      textIn(channel.funding_outpoint),
    ]),
  );
}

/** Of milliseconds since the epoch, in UTC. */
function timeText(ms: number): string {
  return Temporal.Instant.fromEpochMilliseconds(ms).toString({ fractionalSecondDigits: 0 }).slice(0, 19).replace(
    "T",
    " ",
  );
}

const WHAT: Readonly<Record<string, string>> = {
  "outgoing-payment-started": "pays for a client",
  "outgoing-payment-succeeded": "has paid",
  "outgoing-payment-failed": "couldn't pay",
  "incoming-payment-started": "funds for a client",
  "incoming-payment-succeeded": "has the preimage",
  "incoming-payment-failed": "gave it back",
  "complete-lightning-payment-succeeded": "was paid",
};

/** Of `/payment_log`s, each with the federation that it is of. */
export function paymentsText(log: Json): string {
  const all = listIn(log);
  if (all.length === 0) return "No payments yet.\n";
  return table(
    ["Time", "Federation", "What", "Amount", "Fee", "Payment"],
    all.map((event) => {
      const payload = objectIn(event.payload), least = payload.min_contract_amount, invoice = payload.invoice_amount;
      const terms = objectIn(payload.incoming_contract_commitment);
      const feeMsat = least !== undefined
        ? countIn(least) - countIn(invoice)
        : terms.amount !== undefined
        ? countIn(invoice) - countIn(terms.amount)
        : null;
      const kind = textIn(event.kind);
      return [
        timeText(Number(countIn(event.ts_usecs) / 1_000n)),
        short(textIn(event.federation_id)),
        WHAT[kind] ?? kind,
        invoice === undefined ? "" : moneyText(countIn(invoice)),
        feeMsat === null ? "" : moneyText(feeMsat),
        short(imageOf(payload)),
      ];
    }),
  );
}

function imageOf(payload: JsonObject): string {
  for (const holder of [payload, payload.outgoing_contract, payload.incoming_contract_commitment]) {
    const { Hash: hash } = objectIn(objectIn(holder).payment_image);
    if (typeof hash === "string") return hash;
  }
  return "-";
}
