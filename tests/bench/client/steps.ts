/** What a wallet does from its first command on, each step measured: the command, and the command with what follows. */
import { parseJson } from "../../../core/encoding/mod.ts";
import { parseInviteCode } from "../../../core/types/invite_code.ts";
import { formatEcash, makeEcash } from "../../../modules/mintv2/ecash.ts";
import { BLOCKS_TO_AGREE } from "../../demo/waits.ts";
import { demand } from "../../interop/suite.ts";
import type { Ran } from "../command.ts";
import type { Guardians } from "../federation/guardians.ts";
import { denominationsOf } from "../federation/load.ts";
import { worthMsat } from "../federation/purse.ts";
import type { MeasuredWallet } from "./wallet.ts";

const DEPOSIT_BTC = 0.002;
/** For the wallet to claim what is in a block that guardians agree on. */
const BLOCKS = BLOCKS_TO_AGREE + 4;

export type Cost = { readonly cpuSeconds: number; readonly wallMs: number; readonly peakBytes: number };

/** By the step's name, in order. */
export type Costs = ReadonlyMap<string, Cost>;

/** Of commands one after the other. */
export function costOf(...commands: readonly Omit<Ran, "out">[]): Cost {
  return {
    cpuSeconds: commands.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    wallMs: commands.reduce((sum, { tookMs }) => sum + tookMs, 0),
    peakBytes: Math.max(...commands.map(({ peakBytes }) => peakBytes)),
  };
}

/** E-cash of so many notes. */
async function ecashOf({ purse, federation }: Guardians, notes: number): Promise<string> {
  const [bundle] = await purse.bundles(denominationsOf(notes), 1);
  const { federationId } = parseInviteCode(federation.invite);
  return formatEcash(makeEcash(federationId, bundle!));
}

/** @returns the command, and what follows until nothing is under way any more */
async function withRest(wallet: MeasuredWallet, args: readonly string[]): Promise<[Ran, Ran]> {
  const command = await wallet.run(...args);
  return [command, await wallet.run("dev", "wait-complete")];
}

async function claim({ federation }: Guardians, wallet: MeasuredWallet, address: string): Promise<[Ran, Ran]> {
  const position = await wallet.ask("dev", "next-event-log-id");
  await federation.bitcoin("sendtoaddress", address, DEPOSIT_BTC);
  await federation.mine(BLOCKS);
  const [claimed, rest] = await withRest(wallet, ["module", "walletv2", "await-receive", String(position)]);
  demand(claimed.out.includes('"Success"'), claimed.out);
  demand(await wallet.balanceMsat() > 0n, "the deposit isn't in the balance");
  return [claimed, rest];
}

async function receive(guardians: Guardians, wallet: MeasuredWallet, notes: number): Promise<[Ran, Ran]> {
  const ecash = await ecashOf(guardians, notes), before = await wallet.balanceMsat();
  const [received, rest] = await withRest(wallet, ["module", "mintv2", "receive", ecash]);
  const gained = await wallet.balanceMsat() - before, worth = worthMsat(denominationsOf(notes));
  // no fees, but what is below a client's smallest note
  demand(gained > worth * 99n / 100n && gained <= worth, `${gained} of ${worth} msat came`);
  return [received, rest];
}

/** All steps of a new wallet. @param notes that it receives, each number in turn */
export async function takeSteps(
  guardians: Guardians,
  wallet: MeasuredWallet,
  notes: readonly number[],
): Promise<Costs> {
  const costs = new Map<string, Cost>();
  const single = async (name: string, ...args: readonly string[]): Promise<string> => {
    console.error(`  ${name}`);
    const ran = await wallet.run(...args);
    costs.set(name, costOf(ran));
    return ran.out;
  };
  const followed = async (name: string, steps: () => Promise<[Ran, Ran]>): Promise<void> => {
    console.error(`  ${name}`);
    const [command, rest] = await steps();
    costs.set(name, costOf(command));
    costs.set(`${name}, and all that follows`, costOf(command, rest));
  };
  await single("a command's start (--help)", "--help");
  await single("join", "join", guardians.federation.invite);
  await single("info", "info");
  const address = parseJson(await single("first address", "module", "walletv2", "receive")) as string;
  await followed("claim of a deposit", () => claim(guardians, wallet, address));
  const spent = await single("spend", "module", "mintv2", "send", "1000 sat");
  demand(spent.includes("fedimint"), spent);
  for (const count of notes) await followed(`receive of ${count} notes`, () => receive(guardians, wallet, count));
  return costs;
}
