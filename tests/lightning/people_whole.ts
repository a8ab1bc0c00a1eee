/** Paying and being paid by the library and by the command line, whichever modules for Lightning a federation has. */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import type { RunOptions } from "../../client/cli/testing/mod.ts";
import { startInWorld } from "../../client/cli/testing/mod.ts";
import { FederationClient } from "../../client/wallet.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { LightningError } from "../../core/lightning/error.ts";
import { decodeLnurl, encodeLnurl } from "../../core/lightning/lnurl.ts";
import { toHex } from "../../core/bytes.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import { lnClient } from "../../modules/ln/client.ts";
import { incomingContractOffer } from "../../modules/ln/contracts.ts";
import { GATEWAY_KEY, incomingOf, incomingOutput } from "../../modules/ln/testing/guardians.ts";
import { outsideInvoice } from "../../modules/ln/testing/wallet.ts";
import type { LightningModule } from "./world.ts";
import { BALANCE_MSAT, LightningWorld } from "./world.ts";

const AMOUNT_MSAT = 100_000n;
const LN_GATEWAY = toHex(publicKeyOf(GATEWAY_KEY));
/** Of this much, in a federation whose outputs cost a sat: fees of the gateways in these worlds. */
const GATEWAY_FEES_MSAT = { lnv2: 2_300n, ln: 1_010n } as const;

/** An invoice of the outside world that the gateway of this module can pay. */
function invoiceFor(at: LightningWorld, module: LightningModule, number = 1): string {
  if (module === "lnv2") return at.gateway.invoiceOf(AMOUNT_MSAT, { description: "tea" });
  const timestamp = BigInt(Math.floor(at.world.platform.clock.nowMs() / 1_000));
  return outsideInvoice(at.first.gateway, { timestamp, number });
}

/** The outside world pays an invoice. */
async function payInto(at: LightningWorld, module: LightningModule, invoice: string): Promise<void> {
  if (module === "lnv2") return await at.gateway.fund(at.gateway.registered.at(-1)!);
  const { guardians } = at.first, { paymentHash } = parseBolt11(invoice);
  const offer = incomingContractOffer.fromJson(await guardians.ask("offer", paymentHash));
  const bought = await guardians.output(incomingOutput(incomingOf(offer), offer.amount));
  assert(bought.ok, "guardians take a contract that is as it was offered");
  await guardians.agree();
}

/** Which module pays, of those that a federation has. */
const FEDERATIONS: readonly { readonly modules: readonly LightningModule[]; readonly pays: LightningModule }[] = [
  { modules: ["lnv2"], pays: "lnv2" },
  { modules: ["ln"], pays: "ln" },
  { modules: ["ln", "lnv2"], pays: "lnv2" },
];

async function all<T>(steps: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const step of steps) found.push(step);
  return found;
}

for (const { modules, pays } of FEDERATIONS) {
  Deno.test(`the library pays and is paid in a federation with ${modules.join(" and ")}: by ${pays}, in the same words`, async () => {
    const at = await LightningWorld.start(1, modules), wallet = new FederationClient(at.client);
    const invoice = invoiceFor(at, pays), gateway = pays === "ln" ? LN_GATEWAY : "http://gateway/v1";
    const quote = await at.finish(wallet.quotePayment(invoice));
    const { amountMsat, gatewayFeeMsat, federationFeeMsat, totalMsat, isDirect, refundBlocks, description } = quote;
    assertEquals([quote.gateway, quote.terms.module, isDirect, description], [gateway, pays, false, "tea"]);
    assertEquals([amountMsat, gatewayFeeMsat], [AMOUNT_MSAT, GATEWAY_FEES_MSAT[pays]]);
    assertEquals(totalMsat, amountMsat + gatewayFeeMsat + federationFeeMsat);
    assertEquals(refundBlocks, pays === "ln" ? 517n : 512n);
    assertEquals(await at.finish(wallet.paymentOf(invoice)), null);
    const operationId = await at.finish(wallet.payInvoice(invoice, { quote, meta: "for tea" }));
    const paid = await at.finish(wallet.awaitPayment(operationId));
    assertEquals(paid.outcome, "success");
    assertEquals(await at.balanceMsat(), BALANCE_MSAT - totalMsat);
    assertEquals(await at.finish(all(wallet.paymentUpdates(operationId))), ["Funding", "Funded", "Success"]);
    assertEquals(await at.finish(wallet.paymentOf(invoice)), operationId);
    const again = await assertRejects(() => at.finish(wallet.payInvoice(invoice)), LightningError);
    assert(again.facts.code === "duplicate_payment" && again.facts.operationId === operationId);

    const most = await at.finish(wallet.maxSendable());
    assertEquals(most.gateway, gateway);
    assert(most.amountMsat > AMOUNT_MSAT && most.amountMsat < BALANCE_MSAT - totalMsat);

    const expected = await at.finish(wallet.quoteInvoice(AMOUNT_MSAT));
    assertEquals(expected.gateway, gateway);
    const before = await at.balanceMsat();
    const created = await at.finish(wallet.createInvoice(AMOUNT_MSAT, { quote: expected, description: "cake" }));
    assertEquals(parseBolt11(created.invoice).description, { tag: "Direct", value: "cake" });
    assertEquals(parseBolt11(created.invoice).expirySecs, 3_600n);
    await at.finish(payInto(at, pays, created.invoice));
    assertEquals(await at.finish(wallet.awaitInvoice(created.operationId)), { outcome: "claimed" });
    assertEquals(await at.balanceMsat(), before + expected.arrivesMsat);
    assertEquals(await at.finish(all(wallet.invoiceUpdates(created.operationId))), ["Pending", "Claiming", "Claimed"]);

    const [listed, ...others] = await at.finish(wallet.gateways());
    assert(listed?.prices?.beingPaid && others.length === 0);
    assertEquals([listed.name, listed.url], [gateway, pays === "ln" ? "http://ln-gateway/v1" : gateway]);
    // one is neither the other's nor nothing
    for (const operation of [operationId, created.operationId]) {
      const wrong = operation === operationId ? wallet.awaitInvoice(operation) : wallet.awaitPayment(operation);
      assertEquals((await assertRejects(() => at.finish<unknown>(wrong), LightningError)).code, "unknown_operation");
    }
  });
}

Deno.test("where a federation has both modules, what the first one began is waited for, and not paid once more by the second", async () => {
  const at = await LightningWorld.start(2, ["lnv2", "ln"]), wallet = new FederationClient(at.client);
  const invoice = invoiceFor(at, "ln");
  const { operationId } = await at.finish(wallet.use(lnClient).pay(invoice));
  const refused = await assertRejects(() => at.finish(wallet.payInvoice(invoice)), LightningError);
  assert(refused.facts.code === "duplicate_payment" && refused.facts.operationId === operationId);
  assertEquals((await at.finish(wallet.awaitPayment(operationId))).outcome, "success");
  assertEquals(await at.finish(wallet.paymentOf(invoice)), operationId);
  assertEquals(at.gateway.orders, []);
});

Deno.test("a quote of one module isn't paid by the other", async () => {
  const quotes = await Promise.all((["lnv2", "ln"] as const).map(async (module) => {
    const at = await LightningWorld.start(3, [module]), wallet = new FederationClient(at.client);
    return { at, wallet, module, quote: await at.finish(wallet.quotePayment(invoiceFor(at, module))) };
  }));
  for (const [i, { at, wallet, module }] of quotes.entries()) {
    const { terms } = quotes[1 - i]!.quote, quote = { gateway: null, terms };
    const paying = wallet.payInvoice(invoiceFor(at, module), { quote });
    assertEquals((await assertRejects(() => at.finish(paying), LightningError)).code, "terms_changed");
    assertEquals(await at.balanceMsat(), BALANCE_MSAT);
  }
});

Deno.test("a wallet's lnurl is its own where lnv2 is, and its server's where ln is alone: the same one each time", async () => {
  const second = await LightningWorld.start(4, ["ln", "lnv2"]), wallet = new FederationClient(second.client);
  const own = await second.finish(wallet.lnurl("https://pay.example/"));
  assertStringIncludes(decodeLnurl(own)!, "https://pay.example/pay/fedimint");
  const at = await LightningWorld.start(4, ["ln"]), first = new FederationClient(at.client), asked: string[] = [];
  const { network } = at.world.world.process("pay.example").platform, lnurl = encodeLnurl("https://pay.example/7");
  await at.finish(network.serveHttp({ hostname: "0.0.0.0", port: 80 }, async (request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return request.method === "PUT" ? Response.json({ recurring_payment_code: lnurl }) : await new Promise(() => {});
  }));
  for (let i = 0; i < 2; i++) assertEquals(await at.finish(first.lnurl("http://pay.example/")), lnurl);
  assertEquals(asked.filter((each) => each.startsWith("PUT")), ["PUT /lnv1/paycodes"]);
  const chosen = first.lnurl("http://pay.example/", { gateway: LN_GATEWAY });
  assertEquals((await assertRejects(() => at.finish(chosen), LightningError)).code, "unknown_gateway");
});

/** The wallet of a world, on the command line. */
async function commandLine(modules: readonly LightningModule[]) {
  const at = await LightningWorld.start(1, modules);
  await at.finish(at.client.close());
  const begin = (args: readonly string[], options: Partial<RunOptions> = {}) =>
    startInWorld(at.world, ["--data-dir", "/wallet", ...args], {
      modules: at.modules,
      openStore: () => at.world.openStore("client.kv"),
      ...options,
    });
  return { at, begin, run: (...args: readonly string[]) => at.finish(begin(args)) };
}

Deno.test("on the command line `gateways`, `pay` and `invoice` are the same where a federation has ln alone", async () => {
  const { at, begin, run } = await commandLine(["ln"]);
  const listed = await run("gateways");
  assertEquals(
    listed.out,
    `${LN_GATEWAY} at http://ln-gateway/v1 (gateway)\n  paying 1 sat (1,000 msat) + 0.01 %; being paid: 0 sat (0 msat) + 0 %\n`,
  );
  const elsewhere = await run("pay", "--yes", "--gateway", "http://ln-gateway/v1", invoiceFor(at, "ln"));
  assertEquals(elsewhere.exit, 1);
  assertStringIncludes(elsewhere.err, "named by their ids, 66 digits of hex");
  const paid = await run("pay", "--yes", "--gateway", LN_GATEWAY, invoiceFor(at, "ln"));
  assertEquals(paid.exit, 0, paid.err);
  assertStringIncludes(paid.err, "back within 4 days");
  assertMatch(paid.out, /^Paid[.] Preimage: [0-9a-f]{64}\nBalance: /);

  let text = "";
  const waited = await at.finish(begin(["invoice", "100", "sat", "--description", "tea", "--expiry", "600"], {
    terminal: { columns: 200, rows: 200 },
    onOutput: (written) => {
      text += written;
      const invoice = /^lnbcrt1\w+$/m.exec(text)?.[0];
      if (!written.includes("Waiting for the money") || invoice === undefined) return;
      void payInto(at, "ln", invoice);
    },
  }));
  assertEquals(waited.exit, 0, waited.err);
  assertStringIncludes(waited.err, "The gateway takes 0 sat (0 msat)");
  assert(waited.out.includes("█"));
  assertStringIncludes(waited.out, "Received. Balance: ");
  const invoice = /^lnbcrt1\w+$/m.exec(text)![0];
  assertEquals(parseBolt11(invoice).expirySecs, 600n);
});
