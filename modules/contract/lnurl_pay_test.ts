import { assertEquals, assertRejects } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { ManualClock } from "../../actors/testing/manual_clock.ts";
import { toHex, utf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { encodeLnurl } from "../../core/lightning/lnurl.ts";
import { dicePlatform } from "./testing/mod.ts";
import { testInvoice } from "../lnv2/testing/invoice.ts";
import { httpNetwork } from "./testing/http_network.ts";
import { LNURL_BYTES_MAX, LNURL_REDIRECTS_MAX } from "./limits.ts";
import { askInvoice, askPayRequest, LnurlError } from "./lnurl_pay.ts";

const METADATA = '[["text/plain", "Tea of Alice"],["text/identifier","alice@pay.example"]]';
const REQUEST = {
  tag: "payRequest",
  callback: "https://pay.example/invoice?user=1",
  minSendable: 1_000,
  maxSendable: 100_000_000_000,
  metadata: METADATA,
};

type Answers = { readonly request?: Json | Response; readonly invoice?: (amountMsat: bigint) => Json };

function invoiceFor(amountMsat: bigint, description: string | null = null): Json {
  const facts = { paymentHash: "11".repeat(32), amountMsat, timestampSecs: 1_700_000_000 };
  return {
    pr: testInvoice(new Uint8Array(32).fill(5), {
      ...facts,
      ...(description === null ? { descriptionHash: toHex(sha256(utf8(METADATA))) } : { description }),
    }),
    routes: [],
  };
}

/** A service at `pay.example`, and what it was asked. */
function service({ request = REQUEST, invoice = invoiceFor }: Answers = {}) {
  const asked: string[] = [];
  const handle = (heard: Request): Promise<Response> => {
    const { pathname, search, searchParams } = new URL(heard.url);
    asked.push(`${pathname}${search}`);
    if (pathname === "/moved") return Promise.resolve(new Response(stringifyJson(REQUEST)));
    if (pathname !== "/invoice") {
      return Promise.resolve(request instanceof Response ? request : new Response(stringifyJson(request)));
    }
    return Promise.resolve(new Response(stringifyJson(invoice(BigInt(searchParams.get("amount")!)))));
  };
  const clock = new ManualClock();
  const hosts = ["pay.example", "abc.onion", "localhost:8080"];
  const network = httpNetwork(clock, new Map(hosts.map((host) => [host, handle])));
  return { platform: dicePlatform(1, clock, network), asked };
}

async function code(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, LnurlError)).code;
}

Deno.test("an address, an lnurl and a link of its own scheme come to the same invoice", async () => {
  const { platform, asked } = service();
  const lnurl = encodeLnurl("https://pay.example/x?A=b");
  for (const payee of ["alice@pay.example", lnurl, lnurl.toUpperCase(), "lnurlp://pay.example/Xy"]) {
    const request = await askPayRequest(platform, payee);
    assertEquals(request, {
      host: "pay.example",
      callback: REQUEST.callback,
      minMsat: 1_000n,
      maxMsat: 100_000_000_000n,
      metadata: METADATA,
      description: "Tea of Alice",
      commentCharactersMax: null,
    });
    assertEquals(
      await askInvoice(platform, request, { amountMsat: 5_000n }),
      (invoiceFor(5_000n) as { pr: string }).pr,
    );
  }
  assertEquals(asked.filter((each) => !each.startsWith("/invoice")), [
    "/.well-known/lnurlp/alice",
    "/x?A=b",
    "/x?A=b",
    "/Xy",
  ]);
  assertEquals(new Set(asked.filter((each) => each.startsWith("/invoice"))), new Set(["/invoice?user=1&amount=5000"]));
});

Deno.test("only onions and this machine are asked without encryption", async () => {
  const { platform, asked } = service();
  await askPayRequest(platform, encodeLnurl("http://localhost:8080/x"));
  await askPayRequest(platform, "lnurlp://abc.onion/x");
  assertEquals(await code(askPayRequest(platform, encodeLnurl("http://pay.example/x"))), "insecure");
  assertEquals(await code(askPayRequest(platform, encodeLnurl("ftp://pay.example/x"))), "insecure");
  assertEquals(asked.length, 2);
  const evil = service({ request: { ...REQUEST, callback: "http://pay.example/invoice" } });
  assertEquals(await code(askPayRequest(evil.platform, "alice@pay.example")), "insecure");
});

Deno.test("a service elsewhere names nothing on this machine, and no redirect leads past what may be asked", async () => {
  const redirect = (location: string) => new Response(null, { status: 302, headers: { location } });
  for (const callback of ["http://localhost:8080/invoice", "http://127.0.0.1:8080/admin", "http://127.1:80/x"]) {
    const evil = service({ request: { ...REQUEST, callback } });
    assertEquals(await code(askPayRequest(evil.platform, "alice@pay.example")), "insecure");
  }
  const moved = ["http://pay.example/x", "http://localhost:8080/x", "https://[::1]/x", "http://a.localhost/x"];
  for (const location of moved) {
    const evil = service({ request: redirect(location) });
    assertEquals(await code(askPayRequest(evil.platform, "alice@pay.example")), "insecure");
    assertEquals(evil.asked.length, 1);
  }
  // a name at one host is often looked after by another one
  const { platform, asked } = service({ request: redirect("https://pay.example/moved") });
  assertEquals((await askPayRequest(platform, "alice@pay.example")).callback, REQUEST.callback);
  assertEquals(asked, ["/.well-known/lnurlp/alice", "/moved"]);
  const endless = service({ request: redirect("/again") });
  assertEquals(await code(askPayRequest(endless.platform, "alice@pay.example")), "malformed");
  assertEquals(endless.asked.length, 1 + LNURL_REDIRECTS_MAX);
});

Deno.test("a service that can't be asked, refuses or answers wrongly is told apart", async () => {
  const from = async (request: Json | Response) =>
    await code(askPayRequest(service({ request }).platform, "alice@pay.example"));
  assertEquals(await from({ status: "ERROR", reason: "no such user" }), "refused");
  const wrong: Json[] = [
    [],
    { ...REQUEST, tag: "withdrawRequest" },
    { ...REQUEST, minSendable: "1" },
    { ...REQUEST, minSendable: 2, maxSendable: 1 },
    { ...REQUEST, maxSendable: -1 },
    { ...REQUEST, callback: "nowhere" },
    { ...REQUEST, metadata: null },
  ];
  for (const request of wrong) assertEquals(await from(request), "malformed");
  assertEquals(await from(new Response(Uint8Array.of(0xff, 0xfe))), "malformed");
  assertEquals(await from(new Response("<html>")), "malformed");
  assertEquals(await from(new Response("x".repeat(LNURL_BYTES_MAX + 1))), "unreachable");
  const { platform } = service();
  assertEquals(await code(askPayRequest(platform, "alice@elsewhere.example")), "unreachable");
  assertEquals(await code(askPayRequest(platform, "no address")), "not_lnurl");
});

Deno.test("an invoice of another amount or for something else isn't paid", async () => {
  const from = async (invoice: (amountMsat: bigint) => Json, amountMsat = 5_000n) => {
    const { platform } = service({ invoice });
    return await code(askInvoice(platform, await askPayRequest(platform, "alice@pay.example"), { amountMsat }));
  };
  assertEquals(await from((amountMsat) => invoiceFor(amountMsat + 1n)), "wrong_invoice");
  assertEquals(await from(() => ({ pr: "lnbc1" })), "wrong_invoice");
  assertEquals(await from(() => ({})), "wrong_invoice");
  assertEquals(await from(() => ({ status: "ERROR", reason: "later" })), "refused");
  const other = { paymentHash: "11".repeat(32), timestampSecs: 1_700_000_000, descriptionHash: "22".repeat(32) };
  const forElse = (amountMsat: bigint) => ({ pr: testInvoice(new Uint8Array(32).fill(5), { ...other, amountMsat }) });
  assertEquals(await from(forElse), "wrong_invoice");
  for (const outside of [999n, 100_000_000_001n]) {
    assertEquals(await from(invoiceFor, outside), "amount_out_of_range");
  }
  const plain = service({ invoice: (amountMsat) => invoiceFor(amountMsat, "Tea") });
  await askInvoice(plain.platform, await askPayRequest(plain.platform, "alice@pay.example"), { amountMsat: 1_000n });
});

Deno.test("a comment goes to the service as it is written, unless it takes shorter ones only", async () => {
  const asking = async (commentAllowed: number | undefined, comment: string) => {
    const { platform, asked } = service({
      request: { ...REQUEST, ...(commentAllowed !== undefined && { commentAllowed }) },
    });
    const request = await askPayRequest(platform, "alice@pay.example");
    await askInvoice(platform, request, { amountMsat: 1_000n, comment });
    return new URLSearchParams(asked.at(-1)!.split("?")[1]).get("comment");
  };
  const comment = "für Tee & mehr";
  assertEquals(await asking(comment.length, comment), comment);
  assertEquals(await asking(undefined, comment), comment);
  assertEquals(await code(asking(comment.length - 1, comment)), "comment_too_long");
  assertEquals(await code(asking(0, comment)), "comment_too_long");
});
