/**
 * `withdraw` with a wallet module that pays without guardians: what it takes as an address and an amount, and that it
 * never pays unasked.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import { toHex } from "../../core/bytes.ts";
import type { OperationId } from "../../core/types/ids.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import { transition } from "../../modules/contract/client_env.ts";
import type { WalletClient, WithdrawQuote } from "../../modules/walletv2/client/api.ts";
import type { WalletState } from "../../modules/walletv2/client/states.ts";
import type { ClientWorld } from "../testing/world.ts";
import type { Ran, RunOptions } from "./testing/mod.ts";
import { quietModules, recordedFederation, recordedInvite, runInWorld, WALLET_DIR } from "./testing/mod.ts";

const DIR = ["--data-dir", WALLET_DIR];
const ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const CHANGE_MS = 3_000;

type Paid = { readonly address: string; readonly valueSat: bigint | "all" };

/** Its payments are through at once; their change takes a while. */
function paying(paid: Paid[], quote: Partial<WithdrawQuote> = {}): AnyClientModuleDefinition[] {
  return quietModules.map((definition) =>
    definition.kind !== "walletv2" ? definition : {
      ...definition,
      start: async (env) => {
        const quoteOf: WalletClient["quoteWithdraw"] = (address, amountSat) =>
          Promise.resolve({
            address,
            valueSat: amountSat === "all" ? 70_000n : amountSat,
            feeSat: 200n,
            federationFeeMsat: 100_000n,
            totalMsat: 20_300_000n,
            pending: 0,
            isFeeHigh: false,
            isShort: false,
            ...quote,
          });
        return {
          ...await definition.start(env),
          transitions: (state: WalletState) =>
            state.tag !== "SendFunding" ? [] : [transition<WalletState, null>(
              (signal) => sleep(env.platform.clock, CHANGE_MS, signal).then(() => null),
              () => Promise.resolve({ tag: "SendAborted", value: "" }),
            )],
          api: {
            quoteWithdraw: quoteOf,
            withdraw: async (address: string, valueSat: bigint) => {
              paid.push({ address, valueSat });
              const operationId = toHex(env.platform.dice.bytes(32)) as OperationId;
              await env.core.transact(operationId, async (tx) => {
                env.core.logOperation(tx, "payment");
                const outpoint = { txid: "00".repeat(32), outIdx: 0 };
                await tx.addMachine({ tag: "SendFunding", value: { outpoint, value: valueSat, fee: 200n } });
              });
              return operationId;
            },
            awaitSend: () => Promise.resolve({ outcome: "success", txid: "ef".repeat(32) }),
          },
        };
      },
    }
  );
}

type Withdrawing = {
  readonly world: ClientWorld;
  readonly paid: Paid[];
  readonly run: (...args: string[]) => Promise<Ran>;
};

async function withdrawing(
  options: Partial<RunOptions> = {},
  quote: Partial<WithdrawQuote> = {},
): Promise<Withdrawing> {
  const world = await recordedFederation(), paid: Paid[] = [], modules = paying(paid, quote);
  assertEquals((await runInWorld(world, [...DIR, "join", recordedInvite()], { modules })).exit, 0);
  const run = (...args: string[]) => runInWorld(world, [...DIR, "withdraw", ...args], { modules, ...options });
  return { world, paid, run };
}

Deno.test("without --yes nothing is paid where nobody can be asked, and a quote is shown all the same", async () => {
  const { paid, run } = await withdrawing({ stdin: "y\n" });
  const { exit, out, err } = await run(ADDRESS, "20000 sat");
  assertEquals([exit, out, paid], [1, "", []]);
  assertStringIncludes(err, "20,300 sat (20,300,000 msat) leave the wallet.");
  assertStringIncludes(err, "Nothing was paid: there is no terminal to ask on. With --yes it pays without asking.");
});

Deno.test("who is asked decides, and --yes pays; the balance that is told has the change in it", async () => {
  for (const answer of ["n", "", "maybe"]) {
    const { paid, run } = await withdrawing({ answer });
    assertEquals([(await run(ADDRESS, "20000 sat")).exit, paid], [1, []], answer);
  }
  const asked = await withdrawing({ answer: "y\n" });
  assertEquals((await asked.run(ADDRESS, "20000 sat")).exit, 0);
  assertEquals(asked.paid, [{ address: ADDRESS, valueSat: 20_000n }]);
  let toldMs = 0;
  const { world, run } = await withdrawing({
    onOutput: (text) => text.includes("Balance") && (toldMs = world.world.nowMs),
  });
  const begunMs = world.world.nowMs;
  assertEquals((await run("--yes", ADDRESS, "20000", "sat")).exit, 0);
  assert(toldMs >= begunMs + CHANGE_MS, "the balance is told when the change is there");
});

Deno.test("an address may be a link that says how much, and what is asked for twice must be the same", async () => {
  const { paid, run } = await withdrawing();
  const link = `BITCOIN:${ADDRESS.toUpperCase()}?amount=0.0002&label=x`;
  for (const args of [[link], [` "bitcoin:${ADDRESS}" `, "20000 sat"], [link, "20000", "sat"], [ADDRESS, "all"]]) {
    assertEquals((await run("--yes", ...args)).exit, 0, args.join(" "));
  }
  assertEquals(paid.map(({ valueSat }) => valueSat), [20_000n, 20_000n, 20_000n, 70_000n]);
  for (const { address } of paid) assertEquals(address, ADDRESS);
  const refused: [string[], string][] = [
    [[link, "5 sat"], "amount: the link asks for 20,000 sat (20,000,000 msat). Leave the amount out"],
    [[ADDRESS], "amount: it is missing."],
    [
      [ADDRESS, "500"],
      '500 msat is 0.5 sat, and bitcoin has no fractions of a sat. A number alone is millisatoshi: did you mean "500 sat"?',
    ],
    [[ADDRESS, "100", "Sats"], 'Did you mean "100 sats"?'],
    [[ADDRESS, "-5 sat"], "an amount can't be less than nothing"],
    [[ADDRESS, "-5"], "less than nothing"],
    [[`bitcoin:${ADDRESS}?amount=1,5`], "its amount can't be read"],
    [["lnbc1500n1" + "q".repeat(60), "5 sat"], "a Lightning invoice. `pay` pays to it."],
    [["0123", "5 sat"], "address: Expected a Bitcoin address."],
  ];
  for (const [args, said] of refused) {
    const { exit, out, err } = await run("--yes", ...args);
    assertEquals([exit, out], [2, ""], args.join(" "));
    assertStringIncludes(err, said);
  }
  assertEquals(paid.length, 4);
});

Deno.test("a fee of more than a tenth is not paid, whoever says yes", async () => {
  const { paid, run } = await withdrawing({}, { isFeeHigh: true });
  const { exit, err } = await run("--yes", ADDRESS, "20000 sat");
  assertEquals([exit, paid], [1, []]);
  assertStringIncludes(err, "Nothing was paid");
  assertEquals([(await run("--yes", "--high-fee", ADDRESS, "20000 sat")).exit, paid.length], [0, 1]);
});
