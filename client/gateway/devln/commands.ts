/** What `deno task devln` does with a node that runs: each command asks it, and says what came of it. */
import { Command } from "commander";
import type { Platform } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import { fromHex, isHex, toHex } from "../../../core/bytes.ts";
import { DecodeError } from "../../../core/encoding/mod.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { parseBolt11 } from "../../../core/lightning/bolt11.ts";
import { MSAT_PER_SAT } from "../../../core/types/amount.ts";
import { parseAmount } from "../../../core/types/amount_text.ts";
import { NodeError } from "../node/node.ts";
import { askNode } from "./control.ts";

const POLL_MS = 200;
/** One hundredth and 10 sat for the way; two weeks of blocks. */
const FEE_PARTS = 100n, FEE_LEAST_MSAT = 10_000n, CLTV_LIMIT = 2_016;
const EXPIRY_SECS = 3_600;

/** What a command is given. */
type DevlnEnv = {
  readonly platform: Platform;
  /** The node's folder. */
  readonly dir: string;
  /** Told of how far it is, a line each. */
  readonly progress: (line: string) => void;
};

function keyOf(text: string): ReturnType<typeof fromHex> {
  if (!isHex(text, 33)) throw new NodeError("refused", "A node is KEY@HOST:PORT; its key has 66 hex digits.");
  return fromHex(text);
}

/** @throws {NodeError} with a form that is right */
function amountOf(text: string): bigint {
  try {
    return parseAmount(text);
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
    throw new NodeError("refused", `"${text}" is no amount. Say it as in "1000 sat".`);
  }
}

function satOf(text: string): bigint {
  const msat = amountOf(text);
  if (msat % MSAT_PER_SAT !== 0n) throw new NodeError("refused", "Bitcoin has no fractions of a sat.");
  return msat / MSAT_PER_SAT;
}

function satText(msat: bigint): string {
  return msat % MSAT_PER_SAT === 0n ? `${msat / MSAT_PER_SAT} sat` : `${msat} msat`;
}

/** What of all channels can be sent, and received. */
async function liquidityOf({ platform, dir }: DevlnEnv): Promise<{ readonly out: bigint; readonly into: bigint }> {
  const channels = (await askNode(platform, dir, "channels", null)).filter(({ isActive }) => isActive);
  return {
    out: channels.reduce((sum, { outboundMsat }) => sum + outboundMsat, 0n),
    into: channels.reduce((sum, { inboundMsat }) => sum + inboundMsat, 0n),
  };
}

async function invoice(env: DevlnEnv, words: readonly string[]): Promise<string> {
  const amountMsat = amountOf(words.join(" ")), { into } = await liquidityOf(env);
  if (amountMsat <= 0n) throw new NodeError("refused", "An invoice here needs an amount, such as 1000 sat.");
  if (amountMsat > into) {
    env.progress(
      `It can't be paid now: this node can receive ${satText(into)} at most. ${
        into === 0n ? "Somebody must open a channel to it." : "Ask for less, or pay something first."
      }`,
    );
  }
  const terms = { amountMsat, expirySecs: EXPIRY_SECS, description: "devln" };
  return await askNode(env.platform, env.dir, "createInvoice", terms);
}

function readInvoice(text: string): Bolt11Invoice & { readonly amountMsat: bigint } {
  const plain = text.trim().replace(/^lightning:/i, "");
  let parsed: Bolt11Invoice;
  try {
    parsed = parseBolt11(plain);
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
    throw new NodeError("refused", `That is no invoice (lnbcrt1…): ${thrown.message}`);
  }
  const { amountMsat } = parsed;
  if (amountMsat === null) {
    throw new NodeError("refused", "The invoice names no amount. Ask its payee for one that does.");
  }
  return { ...parsed, amountMsat };
}

async function pay(env: DevlnEnv, text: string): Promise<string> {
  const { platform, dir, progress } = env, { text: given, amountMsat, paymentHash } = readInvoice(text);
  const { out } = await liquidityOf(env);
  progress(`Paying ${satText(amountMsat)}; ${satText(out)} can be sent`);
  // one that has failed may be tried again; what is under way or made is followed, and who else tries now is too
  const before = await askNode(platform, dir, "payment", { paymentHash: fromHex(paymentHash) });
  const terms = {
    invoice: given,
    feeLimitMsat: amountMsat / FEE_PARTS + FEE_LEAST_MSAT,
    cltvLimit: CLTV_LIMIT,
    after: before?.outcome?.ok === false ? before.number : null,
  };
  let isWaiting = false;
  for (;;) {
    const { outcome } = await askNode(platform, dir, "pay", terms);
    if (outcome?.ok) return `paid; the preimage is ${toHex(outcome.value.preimage)}; fee ${outcome.value.feeMsat} msat`;
    if (outcome !== null) throw new NodeError("refused", `Not paid: ${outcome.error}. ${adviceOf(amountMsat, out)}`);
    if (!isWaiting) progress("On its way; the payee takes it or refuses it");
    isWaiting = true;
    await sleep(platform.clock, POLL_MS);
  }
}

function adviceOf(amountMsat: bigint, outMsat: bigint): string {
  if (outMsat === 0n) return "No channel can send anything: `open` one, and have 6 blocks mined.";
  if (amountMsat > outMsat) return "It is more than the channels can send: `open` another, or pay less.";
  return "Try again later, or ask the payee for a new invoice.";
}

async function info({ platform, dir }: DevlnEnv): Promise<string> {
  const { publicKey, blockHeight, address } = await askNode(platform, dir, "info", null);
  const { onchainSats, lightningMsat, inboundMsat } = await askNode(platform, dir, "balances", null);
  const channels = await askNode(platform, dir, "channels", null);
  return [
    `node      ${toHex(publicKey)}@${address?.hostname}:${address?.port}`,
    `height    ${blockHeight}`,
    `chain     ${onchainSats} sat`,
    `lightning ${lightningMsat} msat can be sent, ${inboundMsat} msat received`,
    ...channels.map(({ remoteKey, sizeSats, isActive }) =>
      `channel   ${sizeSats} sat with ${toHex(remoteKey)}, ${isActive ? "active" : "away"}`
    ),
  ].join("\n");
}

/** Adds them to a program. @param run is given what a command does, and shows what it returns */
export function addDevlnCommands(
  program: Command,
  run: (command: (env: DevlnEnv) => Promise<string>) => Promise<void>,
): void {
  const add = (usage: string, description: string): Command => program.command(usage).description(description);
  add("info", "who and where it is, its money and channels").action(() => run(info));
  add("address", "an address to pay to on the chain")
    .action(() => run(({ platform, dir }) => askNode(platform, dir, "address", null)));
  add("invoice <amount...>", 'an invoice to be paid by, such as `invoice "1000 sat"`')
    .action((amount: string[]) => run((env) => invoice(env, amount)));
  add("pay <invoice>", "pay an invoice; waits until it is over")
    .action((text: string) => run((env) => pay(env, text)));
  add("open", 'open a channel, such as `open 02…@127.0.0.1:9735 "1000000 sat" "500000 sat"`')
    .argument("<node>", "KEY@HOST:PORT").argument("<size>").argument("[push]", "given away", "0 sat")
    .action((node: string, size: string, push: string) =>
      run(({ platform, dir }) => {
        const [key = "", host = ""] = node.split("@");
        const channel = { publicKey: keyOf(key), host, sizeSats: satOf(size), pushSats: satOf(push) };
        return askNode(platform, dir, "open", channel);
      })
    );
}

/** Runs one command without a process of its own. @returns its output @throws {NodeError} */
export async function runDevln(platform: Platform, args: readonly string[]): Promise<string> {
  let output = "";
  const program = new Command("devln").requiredOption("--dir <folder>").exitOverride();
  addDevlnCommands(program, async (command) => {
    output = await command({ platform, dir: program.opts<{ readonly dir: string }>().dir, progress: () => {} });
  });
  for (const command of program.commands) command.exitOverride();
  await program.parseAsync(["deno", "devln", ...args]);
  return output;
}
