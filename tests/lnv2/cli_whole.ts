/** Lightning on the command line: for people, and in fedimint-cli's words. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Ran, RunOptions } from "../../client/cli/testing/mod.ts";
import { startInWorld } from "../../client/cli/testing/mod.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { lnv2Client } from "../../modules/lnv2/client.ts";
import { purseClient } from "../walletv2/purse.ts";
import { LightningWorld } from "../lightning/world.ts";

const modules = [lnv2Client, purseClient];

/** The wallet of a world, on the command line. */
async function commandLine() {
  const at = await LightningWorld.start();
  await at.finish(at.client.close());
  const begin = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Ran> =>
    startInWorld(at.world, ["--data-dir", "/wallet", ...args], {
      modules,
      openStore: () => at.world.openStore("client.kv"),
      ...options,
    });
  return {
    at,
    begin,
    run: (args: readonly string[], options: Partial<RunOptions> = {}) => at.finish(begin(args, options)),
  };
}

Deno.test("an invoice is paid after showing what it costs and asking, and never unasked", async () => {
  const { at, run } = await commandLine();
  const invoice = at.gateway.invoiceOf(100_000n, { description: "tea" });
  const silent = await run(["pay", invoice]);
  assertEquals(silent.exit, 1);
  assertStringIncludes(silent.err, "there is no terminal to ask on");
  const declined = await run(["pay", `lightning:${invoice}`], { answer: "n" });
  assertEquals(declined.exit, 1);
  assertStringIncludes(declined.err, "Paying 100 sat (100,000 msat) for “tea”");
  assertStringIncludes(declined.err, "takes 2.3 sat (2,300 msat)");
  assertStringIncludes(declined.err, "back within 4 days");
  assertEquals(at.gateway.orders, []);
  const paid = await run(["pay", invoice], { answer: "y" });
  assertEquals(paid.exit, 0, paid.err);
  assertStringIncludes(paid.out, `Preimage: ${"4d".repeat(32)}`);
  const again = await run(["pay", "--yes", invoice]);
  assertEquals(again.exit, 1);
  assertStringIncludes(again.err, "Payment attempt is duplicate");
  assertEquals(at.gateway.orders.length, 1);
});

Deno.test("all that there is is paid to a Lightning address: what is left is less than a sat and its fee", async () => {
  const { at, run } = await commandLine(), service = { minSendable: 1_000, maxSendable: 10_000_000_000 };
  const asked: bigint[] = [], { network } = at.world.world.process("pay.example").platform;
  await at.finish(network.serveHttp({ hostname: "0.0.0.0", port: 443 }, (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/invoice") {
      const terms = { tag: "payRequest", callback: "https://pay.example/invoice", metadata: "[]", ...service };
      return Response.json(terms);
    }
    asked.push(BigInt(searchParams.get("amount")!));
    return Response.json({ pr: at.gateway.invoiceOf(asked.at(-1)!) });
  }));
  // of 1,000 sat 2 sat and 0.3 % are the gateway's, 1.1 sat are the federation's
  const paid = await run(["pay", "--yes", "alice@pay.example", "all"]);
  assertEquals(paid.exit, 0, paid.err);
  assertStringIncludes(paid.out, "Preimage: ");
  const [amountMsat] = asked;
  const costMsat = (msat: bigint): bigint => msat + 2_000n + msat * 3n / 1_000n + 1_100n;
  assert(amountMsat! % 1_000n === 0n && costMsat(amountMsat!) <= 1_000_000n);
  assert(costMsat(amountMsat! + 1_000n) > 1_000_000n, "a sat more was to be had");
  const nothing = await run(["pay", "--yes", "alice@pay.example", "all"]);
  assertEquals(nothing.exit, 1);
  assertStringIncludes(nothing.err, "the balance pays for 0 sat (0 msat) at most, and pay.example takes 1 sat");
  const fixed = await run(["pay", at.gateway.invoiceOf(1_000n), "all"]);
  assertEquals(fixed.exit, 2);
  assertEquals(asked.length, 1);
});

Deno.test("a payment that comes back says so, and where the money is", async () => {
  const { at, run } = await commandLine();
  at.gateway.paying = ["forfeit"];
  const { exit, err } = await run(["pay", "--yes", at.gateway.invoiceOf(100_000n)]);
  assertEquals(exit, 1);
  assertStringIncludes(err, "The gateway could not pay. The money is back");
});

Deno.test("what isn't to be paid so is told what it is, before a wallet is opened", async () => {
  const { run, at } = await commandLine();
  const refused = async (args: readonly string[], text: string): Promise<void> => {
    const { exit, err } = await run(["pay", ...args]);
    assertEquals(exit, 2, err);
    assertStringIncludes(err, text);
  };
  await refused(["bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"], "This is a Bitcoin address. `withdraw` pays to it.");
  await refused([`lno1${"q".repeat(60)}`], "which this client can't pay");
  await refused([at.gateway.invoiceOf(100_000n), "5 sat"], "the invoice says it");
});

Deno.test("an invoice is shown as text and code, and waited for on a terminal", async () => {
  const { at, run, begin } = await commandLine();
  const shown = await run(["invoice", "100 sat", "--description", "tea", "--expiry", "600"]);
  assertEquals(shown.exit, 0, shown.err);
  const { amountMsat, description, expirySecs } = parseBolt11(shown.out.trim());
  assertEquals({ amountMsat, description, expirySecs }, {
    amountMsat: 100_000n,
    description: { tag: "Direct", value: "tea" },
    expirySecs: 600n,
  });
  assertStringIncludes(shown.err, "Of 100 sat (100,000 msat), 96.6 sat (96,600 msat) arrive.");
  const waited = await at.finish((async () => {
    const running = begin(["invoice", "100", "sat"], {
      terminal: { columns: 200, rows: 200 },
      onOutput: (text) => {
        if (text.includes("Waiting for the money")) void at.gateway.fund(at.gateway.registered.at(-1)!);
      },
    });
    return await running;
  })());
  assertEquals(waited.exit, 0, waited.err);
  assert(waited.out.includes("█"));
  assertStringIncludes(waited.out, "Received. Balance: 1,096.6 sat");
});

Deno.test("gateways are listed with their prices", async () => {
  const { run } = await commandLine();
  const { out } = await run(["gateways"]);
  assertEquals(
    out,
    "http://gateway/v1\n  paying 2 sat (2,000 msat) + 0.3 %; being paid: 2 sat (2,000 msat) + 0.3 %\n",
  );
});

Deno.test("fedimint-cli's commands print its JSON", async () => {
  const { at, run } = await commandLine();
  const json = async (...args: readonly string[]) => {
    const { exit, out, err } = await run(["module", "lnv2", ...args]);
    assertEquals(exit, 0, err + out);
    return JSON.parse(out);
  };
  const sent = await json("send", at.gateway.invoiceOf(100_000n));
  assertEquals(typeof sent, "string");
  assertEquals(await json("await-send", sent), { Success: "4d".repeat(32) });
  const [invoice, received] = await json("receive", "100000", "--gateway", "http://gateway/v1");
  assertEquals(parseBolt11(invoice).description, { tag: "Direct", value: "" });
  await at.finish(at.gateway.fund(at.gateway.registered.at(-1)!));
  assertEquals(await json("await-receive", received), "Claimed");
  assertEquals(await json("gateways", "list"), ["http://gateway/v1"]);
  assertEquals(await json("gateways", "list", "--peer", "2"), ["http://gateway/v1"]);
  assertEquals(await json("gateways", "select"), "http://gateway/v1");
  assertEquals(await json("gateways", "map"), null);
  assertEquals((await json("lnurl", "generate", "https://pay.example")).slice(0, 7), "lnurl1d");
  const refused = await run(["module", "lnv2", "gateways", "add", "http://mine"]);
  assertEquals(JSON.parse(refused.out), { error: "Admin auth not set" });
  const [operation] = JSON.parse((await run(["list-operations", "--limit", "10"])).out).operations;
  assertEquals(operation.operation_kind, "lnv2");
  assertEquals(operation.outcome, "Claimed");
});
