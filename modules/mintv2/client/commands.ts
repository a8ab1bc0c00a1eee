/** `module mintv2 …`: names and JSON of fedimint-cli. docs/protocol/02b-cli.md §6. */
import type { ClientCommand } from "../../contract/client.ts";
import { amountArgument, noArguments } from "../../contract/command_arguments.ts";
import { CommandError } from "../../contract/command_error.ts";
import type { MintClient } from "./api.ts";

export function mintCommands(
  mint: Pick<MintClient, "counts" | "send" | "receive" | "awaitReceive" | "awaitNotes">,
): { readonly [name: string]: ClientCommand } {
  return {
    count: {
      usage: "count",
      help: "How many notes of each denomination (exponent of 2, in msat)",
      run: async (args) => {
        noArguments(args, "count");
        return Object.fromEntries(await mint.counts());
      },
    },
    send: {
      usage: "send AMOUNT [--include-invite]",
      help: 'Takes notes out of the wallet and prints them as text. AMOUNT in msat unless it has a unit: "10 sat"',
      run: async (args, signal) => {
        const { amountMsat, includeInvite } = sendArguments(args);
        const { texts } = await mint.send(amountMsat, { includeInvite }, signal);
        return texts.length === 1 ? texts[0] : texts;
      },
    },
    receive: {
      usage: "receive ECASH",
      help: "Redeems notes that somebody sent. Prints Success, when the new ones are in the wallet, or Rejected",
      run: async (args, signal) => {
        const [text, ...others] = args;
        if (text === undefined || text.startsWith("-") || others.length > 0) {
          throw CommandError.usage("receive takes one ECASH");
        }
        const operationId = await mint.receive(text), outcome = await mint.awaitReceive(operationId, signal);
        if (!outcome.ok) return "Rejected";
        // the next process would open the wallet for what is here already
        await mint.awaitNotes(operationId, signal);
        return "Success";
      },
    },
  };
}

/** Which of them need nothing but the store (`defineClientModule`). */
export const atHand = {
  count: () => Promise.resolve(true),
  send: (mint: Pick<MintClient, "isAtHand">, args: readonly string[]) => mint.isAtHand(sendArguments(args).amountMsat),
};

/** @throws {CommandError} `usage` */
function sendArguments(args: readonly string[]): { readonly amountMsat: bigint; readonly includeInvite: boolean } {
  const includeInvite = args.includes("--include-invite");
  const [amount, ...others] = args.filter((arg) => arg !== "--include-invite");
  if (amount === undefined || others.length > 0) throw CommandError.usage("send takes one AMOUNT");
  return { amountMsat: amountArgument(amount, "AMOUNT"), includeInvite };
}
