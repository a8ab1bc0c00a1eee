/**
 * What a person says to a federation that runs in front of him: which guardian is to fall and come back, and what the
 * chain is to do.
 */
import { errorText } from "../../../core/result.ts";
import { BLOCKS_UNTIL_SEEN, payeeOf } from "../chain/faucet.ts";
import type { DevFederation } from "./federation.ts";

type Steered =
  & Pick<DevFederation, "kill" | "halt" | "restart" | "mine" | "pay">
  & { readonly guardians: readonly { readonly apiUrl: string; readonly process: { readonly isRunning: boolean } }[] };

export const STEERING_HELP = `kill N          guardian N falls, as in a power cut
stop N          guardian N stops in order
start N         guardian N comes back with what is on its disk
restart N       the same after a stop
status          who runs, and where
pay ADDRESS AMOUNT   pay from the chain's own money, such as "0.1 btc", and mine ${BLOCKS_UNTIL_SEEN} blocks
mine [N]        mine blocks
help            these lines`;

const BLOCKS_MAX = 1_000;

/** Does what a line says. @returns what to tell */
export async function steer(federation: Steered, line: string): Promise<string> {
  const [word = "", ...args] = line.trim().split(/\s+/);
  try {
    return await answer(federation, word.toLowerCase(), args);
  } catch (thrown) {
    return `error: ${errorText(thrown)}`;
  }
}

async function answer(federation: Steered, word: string, args: readonly string[]): Promise<string> {
  switch (word) {
    case "":
      return "";
    case "kill":
    case "stop":
    case "start":
    case "restart":
      return await guardianCommand(federation, word, peerOf(federation, args));
    case "status":
      return federation.guardians.map(({ apiUrl, process }, peer) =>
        `guardian ${peer} ${process.isRunning ? "runs" : "is down"}  ${apiUrl}`
      ).join("\n");
    case "mine": {
      const [count = "1"] = args, blocks = /^[0-9]{1,4}$/.test(count) ? Number(count) : 0;
      if (blocks < 1 || blocks > BLOCKS_MAX) return `error: mine takes a number from 1 to ${BLOCKS_MAX}`;
      await federation.mine(blocks);
      return `${blocks} blocks mined`;
    }
    case "pay": {
      const [address = "", ...amount] = args;
      const { address: to, sat } = payeeOf(address, amount.join(" ").replaceAll('"', ""));
      const txid = await federation.pay(to, sat);
      await federation.mine(BLOCKS_UNTIL_SEEN);
      return `paid ${sat} sat in ${txid}, ${BLOCKS_UNTIL_SEEN} blocks deep`;
    }
    case "help":
      return STEERING_HELP;
    default:
      return `error: not known. What is:\n${STEERING_HELP}`;
  }
}

async function guardianCommand(
  federation: Steered,
  word: "kill" | "stop" | "start" | "restart",
  peer: number,
): Promise<string> {
  const runs = () => federation.guardians[peer]!.process.isRunning;
  if (word === "start" && runs()) return `guardian ${peer} runs already`;
  if ((word === "kill" || word === "stop") && !runs()) return `guardian ${peer} is down already`;
  if (word === "kill") await federation.kill(peer);
  else if (word === "stop" || runs()) await federation.halt(peer);
  if (word === "kill" || word === "stop") return `guardian ${peer} is down`;
  await federation.restart(peer);
  return `guardian ${peer} runs again`;
}

function peerOf({ guardians }: Steered, [text = ""]: readonly string[]): number {
  if (/^[0-9]{1,3}$/.test(text) && Number(text) < guardians.length) return Number(text);
  throw new Error(`Say which guardian: 0 to ${guardians.length - 1}`);
}
