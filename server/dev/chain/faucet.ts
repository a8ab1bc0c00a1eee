/** `devchain pay` and `devchain mine`: what a chain that runs is asked for, by what it has written into its folder. */
import { join } from "@std/path";
import type { Platform } from "../../../actors/platform/platform.ts";
import { parseAddress } from "../../../core/bitcoin/mod.ts";
import { utf8 } from "../../../core/bytes.ts";
import { isJsonObject, parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import { MSAT_PER_SAT } from "../../../core/types/amount.ts";
import { fractionOfSatText, parseAmount } from "../../../core/types/amount_text.ts";
import { compactText } from "../../../core/types/pasted_text.ts";
import type { BitcoinNode } from "../federation/rpc.ts";
import { callBitcoin } from "../federation/rpc.ts";

/** A URL, a name and a password. */
const NODE_FILE_BYTES_MAX = 4_096;
const SAT_PER_BTC = 100_000_000;
/** Guardians see a payment some blocks later: six, and what the slowest of them is behind. */
export const BLOCKS_UNTIL_SEEN = 10;

/** Where a node is and who may call it, for whoever may read the folder. Secret. */
export function nodeFile(dir: string): string {
  return join(dir, "node.json");
}

export async function writeNodeFile(platform: Platform, dir: string, node: BitcoinNode): Promise<void> {
  const { url, username, password } = node;
  await platform.files.replace(nodeFile(dir), utf8(stringifyJson({ url, username, password })), { secret: true });
}

/** @throws {Error} when no chain runs there */
async function nodeIn(platform: Platform, dir: string): Promise<BitcoinNode> {
  const bytes = await platform.files.read(nodeFile(dir), NODE_FILE_BYTES_MAX);
  const json = bytes && parseJson(new TextDecoder().decode(bytes));
  if (!isJsonObject(json)) throw new Error(`No chain runs in ${dir}. Say --dir and the folder of one.`);
  const { url, username, password } = json;
  return { url: String(url), username: String(username), password: String(password) };
}

/** The address alone, and satoshi. @throws {DecodeError} · {Error} */
export function payeeOf(address: string, amount: string): { readonly address: string; readonly sat: bigint } {
  const text = compactText(address);
  if (!parseAddress(text).ok) throw new Error("That is no Bitcoin address");
  const msat = parseAmount(amount);
  if (msat % MSAT_PER_SAT !== 0n) throw new Error(fractionOfSatText(amount, msat));
  return { address: text, sat: msat / MSAT_PER_SAT };
}

/** Pays out of the node's own money. @returns the transaction's id */
export async function payFrom(platform: Platform, node: BitcoinNode, address: string, sat: bigint): Promise<string> {
  return String(await callBitcoin(platform, node, "sendtoaddress", [address, Number(sat) / SAT_PER_BTC]));
}

export async function mineOn(platform: Platform, node: BitcoinNode, blocks: number): Promise<void> {
  const address = await callBitcoin(platform, node, "getnewaddress");
  await callBitcoin(platform, node, "generatetoaddress", [blocks, address]);
}

/** @returns lines to print */
export async function pay(
  platform: Platform,
  dir: string,
  args: { readonly address: string; readonly amount: string; readonly blocks: number },
): Promise<string> {
  const { address, sat } = payeeOf(args.address, args.amount), node = await nodeIn(platform, dir);
  const txid = await payFrom(platform, node, address, sat);
  if (args.blocks > 0) await mineOn(platform, node, args.blocks);
  return `${txid}\n`;
}

export async function mine(platform: Platform, dir: string, blocks: number): Promise<string> {
  const node = await nodeIn(platform, dir);
  await mineOn(platform, node, blocks);
  return `${String(await callBitcoin(platform, node, "getblockcount"))}\n`;
}
