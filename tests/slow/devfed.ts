/**
 * A federation for development as a newcomer uses it: the lines that it prints, copied into another terminal, and lines
 * for itself.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "@std/path";
import { until } from "../demo/waits.ts";
import { findPrograms } from "../interop/programs.ts";
import { DevfedProgram, shell } from "./testing/devfed_program.ts";

/** With what it said where `use` fails: that may be because it ended. */
async function withDevfed(
  flags: readonly string[],
  env: Record<string, string>,
  use: (devfed: DevfedProgram) => Promise<void>,
): Promise<void> {
  const devfed = await DevfedProgram.start(flags, env);
  try {
    await use(devfed);
  } catch (thrown) {
    const { code } = await devfed.end();
    throw new Error(`devfed ended with ${code}, and said: ${devfed.told}`, { cause: thrown });
  }
  const { code, out } = await devfed.end();
  assertEquals(code, 0, devfed.told);
  assertStringIncludes(out, "fed11");
}

/** Joins, and pays to the wallet. @returns the line that shows its balance, once it is there */
async function joinAndFund(lines: readonly string[]): Promise<{ readonly balance: string; readonly shown: string }> {
  const [joining, address, paying, balance] = lines as [string, string, string, string];
  assertEquals((await shell(joining)).code, 0);
  const shown = await shell(address);
  const [deposit = ""] = /bcrt1\S+/.exec(shown.out) ?? [];
  assert(deposit !== "", shown.err);
  const paid = await shell(paying.replace("ADDRESS", deposit));
  assertEquals(paid.code, 0, paid.err);
  // a block is agreed on some moments after it was mined
  let came = await shell(balance);
  await until("the deposit is in the balance", async () => {
    if (!/^9,9/.test(came.out)) came = await shell(balance);
    return /^9,9/.test(came.out);
  });
  assertStringIncludes(came.out, "sat (9,9");
  return { balance, shown: came.out };
}

/** Copies the lines about Lightning. @returns what the outside world says when it has paid */
async function payBothWays(lines: readonly string[]): Promise<string> {
  const [theirs, pay, ours, payOutside] = lines.slice(-4) as [string, string, string, string];
  const invoiceIn = async (line: string): Promise<string> => {
    const { out, err } = await shell(line);
    const [invoice = ""] = /lnbcrt1[0-9a-z]+/.exec(out) ?? [];
    assert(invoice !== "", out + err);
    return invoice;
  };
  const paid = await shell(`${pay.replace("INVOICE", await invoiceIn(theirs))} --yes`);
  assertEquals(paid.code, 0, paid.err);
  const receives = await shell(payOutside.replace("INVOICE", await invoiceIn(ours)));
  assertEquals(receives.code, 0, receives.err);
  return receives.out;
}

Deno.test("what devfed prints can be copied: join, an address, the faucet, the balance; and guardians fall and come back", async () => {
  await withDevfed([], {}, async (devfed) => {
    const { balance, shown } = await joinAndFund(await devfed.lines());
    await devfed.say("kill 0");
    await devfed.untilTold("guardian 0 is down");
    await devfed.say("mine 2");
    await devfed.untilTold("2 blocks mined");
    const aside = await shell(balance);
    assertStringIncludes(aside.out, "As of 20");
    assertStringIncludes(aside.out, shown.split(" sat")[0]!);
    await devfed.say("start 0");
    await devfed.untilTold("guardian 0 runs again");
    const again = await shell(balance);
    assert(!again.out.includes("As of"), again.out);
  });
});

Deno.test("what devfed --gateway prints can be copied: an invoice of the outside world is paid, and one is paid by it", async () => {
  await withDevfed(["--gateway"], {}, async (devfed) => {
    const lines = await devfed.lines();
    await joinAndFund(lines);
    assertStringIncludes(await payBothWays(lines), "paid; the preimage is");
  });
});

const lnd = await findPrograms("lnd", "lncli");

Deno.test({
  name: `what devfed --lnd prints can be copied: real LNDs pay and are paid${
    lnd.ok ? "" : ` (left out: ${lnd.error})`
  }`,
  ignore: !lnd.ok,
  fn: async () => {
    assert(lnd.ok);
    await withDevfed(["--lnd"], { INTEROP_DIR: dirname(lnd.value.lnd) }, async (devfed) => {
      const lines = await devfed.lines();
      await joinAndFund(lines);
      assertStringIncludes(await payBothWays(lines), "SUCCEEDED");
    });
  },
});
