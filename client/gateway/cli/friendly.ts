/**
 * Commands for people, beside gateway-cli's: what a gateway does in a table, and moving money between its wallets. Not
 * on a terminal, or with `--json`, they print the gateway's JSON.
 */
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { isJsonObject } from "../../../core/encoding/mod.ts";
import { qrText } from "../../cli/qr.ts";
import type { Ask, GatewayCommand, Given } from "./commands.ts";
import { InputError, numberOf, satsOrAll, textOf } from "./commands.ts";
import { balancesText, channelsText, paymentsText, statusText } from "./tables.ts";

const PAGE = 25;
const SCREEN = { columns: 80, rows: 60 };

type Served = { readonly id: string; readonly name: string | null; readonly json: JsonObject };

async function servedIn(ask: Ask): Promise<Served[]> {
  const info = await ask("/info"), found = isJsonObject(info) ? info.federations : [];
  return (found as readonly JsonObject[]).map((json) => ({
    id: String(json.federation_id),
    name: typeof json.federation_name === "string" ? json.federation_name : null,
    json,
  }));
}

/**
 * A federation by its id, the beginning of it, or its name; the only one when none is named.
 * @throws {InputError}
 */
export function chosen<T extends Pick<Served, "id" | "name">>(all: readonly T[], wanted: string | null): T {
  if (all.length === 0) throw new InputError("the gateway serves no federation: connect INVITE_CODE joins one");
  const known = all.map(({ id, name }) => `${id.slice(0, 8)}${name === null ? "" : ` (${name})`}`).join(", ");
  if (wanted === null) {
    if (all.length === 1) return all[0]!;
    throw new InputError(`there are several federations, so name one by --federation: ${known}`);
  }
  const exact = all.find(({ id }) => id === wanted);
  if (exact) return exact;
  const found = all.filter(({ id, name }) => name === wanted || wanted.length >= 4 && id.startsWith(wanted));
  if (found.length === 1) return found[0]!;
  const why = found.length === 0 ? "no federation is" : "several federations are";
  throw new InputError(`${why} called '${wanted}'; there are ${known}`);
}

async function chosenBy(ask: Ask, given: Given): Promise<Served> {
  return chosen(await servedIn(ask), textOf(given, "federation"));
}

async function payments(ask: Ask, given: Given): Promise<Json> {
  const wanted = textOf(given, "federation"), all = await servedIn(ask);
  const asked = wanted === null ? all : [chosen(all, wanted)], size = Number(numberOf(given, "limit") ?? PAGE);
  const pages = await Promise.all(asked.map(async ({ id }) => {
    const page = await ask("/payment_log", {
      end_position: null,
      pagination_size: size,
      federation_id: id,
      event_kinds: [],
    }) as readonly JsonObject[];
    return page.map((event): JsonObject => ({ federation_id: id, ...event }));
  }));
  return pages.flat().sort((a, b) => Number(b.ts_usecs) - Number(a.ts_usecs)).slice(0, size);
}

async function deposit(ask: Ask, given: Given): Promise<Json> {
  const { id } = await chosenBy(ask, given);
  if (textOf(given, "amount") === null) return { address: await ask("/address", { federation_id: id }) };
  const feeRate = numberOf(given, "fee_rate");
  if (feeRate === null) {
    throw new InputError("name what the transaction pays for its place in a block: --fee-rate SAT_PER_VBYTE");
  }
  const txid = await ask("/pegin_from_onchain", {
    federation_id: id,
    amount: satsOrAll(given, "amount"),
    fee_rate_sats_per_vbyte: feeRate,
  });
  return { txid };
}

async function withdraw(ask: Ask, given: Given): Promise<Json> {
  const { id } = await chosenBy(ask, given), amount = satsOrAll(given, "amount"), address = textOf(given, "address");
  return address === null
    ? await ask("/withdraw_to_onchain", { federation_id: id, amount })
    : await ask("/withdraw", { federation_id: id, amount, address });
}

function memberOf(json: Json, name: string): string {
  return isJsonObject(json) ? String(json[name]) : "";
}

/** On a terminal each prints what `show` makes of its answer. */
export const FRIENDLY: readonly GatewayCommand[] = [
  {
    path: ["status"],
    help: "what the gateway, its node and its federations do",
    run: (ask) => ask("/info"),
    show: statusText,
  },
  {
    path: ["balances"],
    help: "money on chain, in channels and in federations",
    run: (ask) => ask("/balances"),
    show: balancesText,
  },
  { path: ["channels"], help: "all channels", run: (ask) => ask("/list_channels"), show: channelsText },
  {
    path: ["payments"],
    help: "payments for clients, newest first",
    flags: ["federation?", "limit?"],
    run: payments,
    show: paymentsText,
  },
  {
    path: ["connect"],
    help: "joins the federation of an invite code",
    args: ["invite_code"],
    run: (ask, given) => ask("/connect_fed", { invite_code: textOf(given, "invite_code"), recover: null }),
    show: (joined) =>
      `Joined. To be found by its clients, guardians recommend the gateway; to pay for them it needs channels, and to ` +
      `receive for them e-cash: deposit --federation ${memberOf(joined, "federation_id").slice(0, 8)}\n`,
  },
  {
    path: ["deposit"],
    help: "into a federation: an address to pay to, or at once from the node's own wallet",
    flags: ["federation?", "amount?", "fee_rate?"],
    run: deposit,
    show: (answer) => {
      const address = memberOf(answer, "address"), txid = memberOf(answer, "txid");
      if (address === "undefined") return `Sent in ${txid}: it is e-cash once guardians have seen enough blocks.\n`;
      return `${qrText(address, SCREEN) ?? ""}${address}\nWhat is paid to it becomes e-cash of the gateway.\n`;
    },
  },
  {
    path: ["withdraw"],
    help: "out of a federation: to the node's own wallet, or to an address",
    args: ["amount"],
    flags: ["federation?", "address?"],
    run: withdraw,
    show: (answer) => `Withdrawn in ${memberOf(answer, "txid")}\n`,
  },
];
