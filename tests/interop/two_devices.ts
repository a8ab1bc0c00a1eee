/**
 * A wallet's words on two devices at once: restored together, paid, paying with the same notes, and looking for the
 * same deposit. What a third device finds must be all that there is, and it must be good.
 */
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { until } from "../demo/waits.ts";
import { handOver } from "./payments.ts";
import type { Suite } from "./suite.ts";
import { demand } from "./suite.ts";
import type { Wallet } from "./wallet.ts";

const HELD_SAT = 20_000, DEPOSIT_SAT = 20_000, RECEIVED_SAT = 3_000, SENT_SAT = 2_000;
const SAT_PER_BTC = 1e8;
/** Deep enough for guardians to agree on a block, and for a wallet to claim what is in it. */
const CONFIRMATIONS = 12;

export type TwoDevices = {
  /** Has the words first, and is not used any more. */
  readonly lost: Wallet;
  readonly devices: readonly [Wallet, Wallet];
  /** Is restored last. */
  readonly third: Wallet;
  /** Gives to them and takes from them. */
  readonly other: Wallet;
};

export async function twoDevices(
  suite: Suite,
  federation: DevFederation,
  { lost, devices, third, other }: TwoDevices,
): Promise<void> {
  await lost.ask("join", federation.invite);
  await handOver(other, lost, HELD_SAT);
  const { secret } = await lost.ask("print-secret") as { secret: string };
  const restore = async (device: Wallet): Promise<void> => {
    await device.ask("restore", "--mnemonic", secret, "--invite-code", federation.invite);
    await device.ask("dev", "wait-complete");
  };
  await Promise.all(devices.map(restore));

  const address = String(await devices[0].ask("module", "walletv2", "receive"));
  await federation.bitcoin("sendtoaddress", address, DEPOSIT_SAT / SAT_PER_BTC);
  await federation.mine(CONFIRMATIONS);
  await federation.awaitBlocks();
  const given: string[] = [];
  for (const _ of devices) given.push(String(await other.ask("module", "mintv2", "send", `${RECEIVED_SAT} sat`)));
  const sent = await Promise.all(devices.map(async (device, i) => {
    await device.ask("module", "mintv2", "receive", given[i]!);
    await device.ask("dev", "wait-complete");
    return String(await device.ask("module", "mintv2", "send", `${SENT_SAT} sat`));
  }));

  const beforeMsat = await other.balanceMsat();
  // both may have notes that are the same: then the second is refused, or comes without them
  for (const ecash of sent) await other.run("module", "mintv2", "receive", ecash);
  await other.ask("dev", "wait-complete");
  const sentMsat = await other.balanceMsat() - beforeMsat, sentMostMsat = BigInt(2 * SENT_SAT) * 1_000n;
  demand(sentMsat > sentMostMsat * 9n / 20n && sentMsat <= sentMostMsat, `${sentMsat} msat came from two devices`);

  await restore(third);
  const mostMsat = BigInt(HELD_SAT + DEPOSIT_SAT + 2 * RECEIVED_SAT) * 1_000n - sentMsat;
  let foundMsat = 0n;
  // the deposit may be claimed by any of them, and last by this one
  await until("the third device has everything", async () => {
    await third.ask("dev", "wait-complete");
    foundMsat = await third.balanceMsat();
    return foundMsat > mostMsat * 95n / 100n;
  }, suite.signal);
  demand(foundMsat <= mostMsat, `${foundMsat} of ${mostMsat} msat were found`);
  await handOver(third, other, Number(foundMsat / 1_000n) - HELD_SAT / 10);
  // the two hold notes that are spent, learn of it by their looks or here, and go on with what is new
  for (const device of devices) {
    await device.ask("dev", "wait-complete");
    const ecash = await other.ask("module", "mintv2", "send", `${RECEIVED_SAT} sat`) as string;
    demand(
      await device.ask("module", "mintv2", "receive", ecash) === "Success",
      `${device.name} takes nothing any more`,
    );
    await device.ask("dev", "wait-complete");
    const heldMsat = await device.balanceMsat(), leastMsat = BigInt(RECEIVED_SAT) * 900n;
    demand(heldMsat > leastMsat, `${heldMsat} msat are in the balance of ${device.name}`);
  }
}
