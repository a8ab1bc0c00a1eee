/** `module ln pay` of whom an LNURL or a Lightning address names. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { encodeLnurl } from "../../../core/lightning/lnurl.ts";
import { CommandError } from "../../contract/command_error.ts";
import { LnurlError } from "../../contract/lnurl_pay.ts";
import { AMOUNT_MSAT, assertMoney, BALANCE_MSAT, FEE_MSAT, lnWallets, outsideInvoice } from "../testing/wallet.ts";
import { LnError } from "./error.ts";

/** A wallet, and a service at `pay.example` that takes up to 200 sat and writes invoices of the outside world. */
async function withService() {
  const test = await lnWallets(), { servers, gateway } = test, asked: string[] = [];
  let written = 0;
  servers.set("pay.example", (request) => {
    const { pathname, search, searchParams } = new URL(request.url);
    asked.push(`${pathname}${search}`);
    const terms = {
      tag: "payRequest",
      callback: "https://pay.example/invoice",
      minSendable: 1_000,
      maxSendable: 200_000,
      metadata: '[["text/plain","tea"]]',
      commentAllowed: 10,
    };
    if (pathname !== "/invoice") return Promise.resolve(Response.json(terms));
    const amountMsat = BigInt(searchParams.get("amount")!);
    return Promise.resolve(Response.json({ pr: outsideInvoice(gateway, { amountMsat, number: ++written }) }));
  });
  const pay = (...args: string[]) => test.wallet.until(test.wallet.run("pay", ...args));
  return { ...test, asked, pay };
}

Deno.test("a Lightning address and an LNURL are paid an amount, with a comment, through the usual gateway", async () => {
  const test = await withService(), { asked, pay } = test;
  const paid = await pay("alice@pay.example", "--amount", "100 sat", "--lnurl-comment", "for tea");
  assertMatch((paid as { Success: { preimage: string } }).Success.preimage, /^[0-9a-f]{64}$/);
  assertEquals(asked, ["/.well-known/lnurlp/alice", "/invoice?amount=100000&comment=for+tea"]);
  await assertMoney(test, { balanceMsat: BALANCE_MSAT - AMOUNT_MSAT - FEE_MSAT });
  await pay(encodeLnurl("https://pay.example/x").toUpperCase(), "--amount=100000");
  assertEquals(asked.slice(2), ["/x", "/invoice?amount=100000"]);
  await assertMoney(test, { balanceMsat: BALANCE_MSAT - 2n * (AMOUNT_MSAT + FEE_MSAT) });
});

Deno.test("all that there is goes to a Lightning address, as much as it takes, and what is left pays for nothing", async () => {
  const test = await withService(), { asked, pay, wallet } = test;
  await pay("alice@pay.example", "--all");
  // the service takes no more
  assertEquals(asked.at(-1), "/invoice?amount=200000");
  wallet.balanceMsat = 100_000n;
  const { amountMsat } = await wallet.until(wallet.api.maxPayable());
  // 1 sat and 100 millionths for the gateway, and the federation takes nothing
  assertEquals(amountMsat + 1_000n + amountMsat / 10_000n, 100_000n);
  await pay("alice@pay.example", "--all");
  assertEquals(asked.at(-1), `/invoice?amount=${amountMsat}`);
  assertEquals(wallet.balanceMsat, 0n);
  wallet.balanceMsat = 1_500n;
  const refused = await assertRejects(() => pay("alice@pay.example", "--all"), CommandError);
  assertEquals(
    refused.message,
    "--all can send at most 500 msat, but the recipient requires at least 1000 msat (LNURL minSendable)",
  );
  const ofInvoice = await assertRejects(() => pay(outsideInvoice(test.gateway, { number: 8 }), "--all"), CommandError);
  assertEquals(ofInvoice.code, "failed");
  const both = await assertRejects(() => pay("alice@pay.example", "--all", "--amount", "5"), CommandError);
  assertEquals(both.code, "usage");
});

Deno.test("nothing is paid without an amount, with two, with one that isn't taken, or to what is neither", async () => {
  const test = await withService(), { gateway, pay } = test;
  const refusals: readonly (readonly [string, string, ...string[]])[] = [
    ["An amount must be specified when paying to an LNURL", "alice@pay.example"],
    ["The amount is specified both in the invoice and separately", outsideInvoice(gateway), "--amount", "5"],
  ];
  for (const [text, ...args] of refusals) {
    const refused = await assertRejects(() => pay(...args), CommandError);
    assertEquals([refused.code, refused.message], ["failed", text]);
  }
  const codeOf = async (kind: typeof LnurlError | typeof LnError, ...args: string[]) =>
    (await assertRejects<LnurlError | LnError>(() => pay(...args), kind)).code;
  assertEquals(await codeOf(LnurlError, "alice@pay.example", "--amount", "201 sat"), "amount_out_of_range");
  const long = ["--amount", "100 sat", "--lnurl-comment", "for tea and more"];
  assertEquals(await codeOf(LnurlError, "alice@pay.example", ...long), "comment_too_long");
  assertEquals(await codeOf(LnError, "something", "--amount", "5"), "not_an_invoice");
  const open = outsideInvoice(gateway, { amountMsat: null, number: 9 });
  assertEquals(await codeOf(LnError, open, "--amount", "5"), "amount_missing");
  assertEquals((await assertRejects(() => pay("alice@pay.example", "--amount"), CommandError)).code, "usage");
  assertEquals(gateway.orders, []);
  await assertMoney(test, { balanceMsat: BALANCE_MSAT });
});

Deno.test("whoever forbids a gateway pays within the federation, or nothing", async () => {
  const test = await withService(), { gateway, pay, wallet } = test;
  const refused = await assertRejects(() => pay(outsideInvoice(gateway, { number: 7 }), "--force-internal"), LnError);
  assertEquals(refused.code, "not_internal");
  const all = await assertRejects(() => pay("alice@pay.example", "--all", "--force-internal"), CommandError);
  assertEquals(
    all.message,
    "--all requires a gateway to price the payment; internal payments are not supported",
  );
  assertEquals(gateway.orders, []);
  const payee = await test.open({ seed: 2 });
  const { invoice } = await payee.until(payee.api.receive(AMOUNT_MSAT, { gateway: "internal" }));
  assertMatch(JSON.stringify(await wallet.until(wallet.run("pay", invoice, "--force-internal"))), /preimage/i);
  assertEquals(gateway.orders, []);
  assertEquals(wallet.balanceMsat, BALANCE_MSAT - AMOUNT_MSAT);
});
