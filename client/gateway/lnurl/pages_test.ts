import { assert, assertEquals } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Platform } from "../../../actors/platform/platform.ts";
import { SimulatedWorld } from "../../../actors/platform/simulated/mod.ts";
import { toHex, utf8 } from "../../../core/bytes.ts";
import { bls, publicKeyOf, scalarFromBigInt } from "../../../core/crypto/mod.ts";
import type { JsonObject } from "../../../core/encoding/mod.ts";
import { encodeText, parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import { parseBolt11 } from "../../../core/lightning/bolt11.ts";
import type { InvoiceTerms } from "../../../core/lightning/bolt11_write.ts";
import { FEATURES_BASIC, writeBolt11 } from "../../../core/lightning/bolt11_write.ts";
import type { Sha256 } from "../../../core/types/ids.ts";
import { feeFromExpiration, isValidContract } from "../../../modules/lnv2/contracts.ts";
import { RECEIVE_FEE_LIMIT } from "../../../modules/lnv2/fees.ts";
import type { CreateBolt11InvoicePayload, RoutingInfo } from "../../../modules/lnv2/gateway_api.ts";
import { createBolt11InvoicePayload, routingInfo } from "../../../modules/lnv2/gateway_api.ts";
import { incomingKeys, tweakOf } from "../../../modules/lnv2/incoming.ts";
import type { LnurlRequest } from "../../../modules/lnv2/lnurl.ts";
import { lnurlRequest } from "../../../modules/lnv2/lnurl.ts";
import {
  GATEWAYS_ASKED_MAX,
  INVOICE_MS,
  INVOICE_RATE,
  INVOICES_AT_ONCE_MAX,
  INVOICES_OF_SOURCE_MAX,
} from "./limits.ts";
import { lnurlPages } from "./pages.ts";

const METADATA = `[["text/plain", "Pay to Recurringd"]]`;
const receiverSecret = new Uint8Array(32).fill(3), nodeSecret = new Uint8Array(32).fill(4);
const aggregatePk = bls.g1.multiply(bls.g1.generator, scalarFromBigInt(777n));
const FEE = { base: 2_000n, partsPerMillion: 3_000n };
const INFO: RoutingInfo = {
  lightningPublicKey: publicKeyOf(nodeSecret),
  lightningAlias: null,
  modulePublicKey: publicKeyOf(new Uint8Array(32).fill(5)),
  sendFeeMinimum: FEE,
  sendFeeDefault: FEE,
  expirationDeltaMinimum: 144n,
  expirationDeltaDefault: 1_440n,
  receiveFee: FEE,
  receiveEnabled: true,
};
const REQUEST: LnurlRequest = {
  federationId: "0f".repeat(32) as LnurlRequest["federationId"],
  recipientPk: publicKeyOf(receiverSecret),
  aggregatePk,
  gateways: ["http://gw:80/v1"],
};

type Gateway = {
  info: RoutingInfo | null | "silent";
  /** What is written differently from what was asked for. */
  wrong: Partial<InvoiceTerms>;
  readonly asked: CreateBolt11InvoicePayload[];
  infos: number;
};

/** A gateway at http://gw, and the pages; requests go to the pages straight. */
async function pages(
  body: (
    gateway: Gateway,
    get: (path: string, hostname?: string) => Promise<Response | null>,
    platform: Platform,
  ) => Promise<void>,
): Promise<void> {
  const world = new SimulatedWorld(1);
  const { network, clock } = world.process("gw").platform;
  const gateway: Gateway = { info: INFO, wrong: {}, asked: [], infos: 0 };
  const { platform } = world.process("pages");
  const answer = lnurlPages({ platform, address: "https://pay.example/base/" });
  const done = (async () => {
    await network.serveHttp({ hostname: "0.0.0.0", port: 80 }, async (request) => {
      const { pathname } = new URL(request.url), params = parseJson(await request.text());
      if (pathname === "/routing_info") {
        gateway.infos++;
        if (gateway.info === "silent") return await new Promise<never>(() => undefined);
        return new Response(stringifyJson(gateway.info === null ? null : routingInfo.toJson(gateway.info)));
      }
      const payload = createBolt11InvoicePayload.fromJson(params);
      gateway.asked.push(payload);
      const text = writeBolt11({
        currency: "regtest",
        amountMsat: payload.amount,
        timestamp: BigInt(Math.floor(clock.nowMs() / 1_000)),
        expirySecs: BigInt(payload.expirySecs),
        paymentHash: payload.contract.commitment.paymentImage.value as Sha256,
        paymentSecret: new Uint8Array(32),
        description: payload.description,
        minFinalCltvExpiryDelta: 144n,
        features: FEATURES_BASIC,
        routeHints: [],
        ...gateway.wrong,
      }, nodeSecret);
      return new Response(stringifyJson(text));
    });
    const never = (): Promise<Response> => new Promise(() => undefined);
    await network.serveHttp({ hostname: "0.0.0.0", port: 82 }, never);
    const get = (path: string, hostname = "127.0.0.1") =>
      answer(path.split("?")[0]!, new Request(`http://pages${path}`), { hostname, port: 1 });
    await body(gateway, get, platform);
  })();
  await world.finish(done, { untilMs: 3_600_000 });
}

const payloadOf = (request: Partial<LnurlRequest> = {}) => encodeText(lnurlRequest, { ...REQUEST, ...request });

async function bodyOf(response: Response | null): Promise<JsonObject> {
  assertEquals(response?.status, 200);
  assertEquals(response!.headers.get("access-control-allow-origin"), "*");
  return parseJson(await response!.text()) as JsonObject;
}

const reasonOf = async (response: Response | null) => {
  const { status, reason } = await bodyOf(response);
  assertEquals(status, "ERROR");
  return reason as string;
};

Deno.test("the page of an lnurl says where invoices are had, and for how much", async () => {
  await pages(async (_gateway, get) => {
    const payload = payloadOf();
    assertEquals(await bodyOf(await get(`/pay/${payload}`)), {
      tag: "payRequest",
      callback: `https://pay.example/base/invoice/${payload}`,
      metadata: METADATA,
      minSendable: 100_000,
      maxSendable: 100_000_000_000,
    });
    for (const path of ["/", "/pay", "/pay/", "/pay/a/b", "/other/a"]) assertEquals(await get(path), null);
  });
});

Deno.test("an invoice pays a contract that the receiver alone can claim, and tells the gateway's fee in it", async () => {
  await pages(async (gateway, get) => {
    const { pr, routes, verify } = await bodyOf(await get(`/invoice/${payloadOf()}?amount=1000000`));
    const invoice = parseBolt11(pr as string), [asked] = gateway.asked;
    assertEquals([invoice.amountMsat, invoice.expirySecs], [1_000_000n, 3_600n]);
    assertEquals(invoice.description, { tag: "Hash", value: toHex(sha256(utf8(METADATA))) as Sha256 });
    assertEquals([routes, verify], [[], `http://gw/v1/verify/${invoice.paymentHash}`]);
    const { contract } = asked!, { commitment } = contract;
    assert(isValidContract(contract));
    assertEquals([commitment.amount, feeFromExpiration(commitment.expiration)], [995_000n, 5_000n]);
    assertEquals(commitment.refundPk, INFO.modulePublicKey);
    const tweak = tweakOf(receiverSecret, contract)!;
    const { claimKey } = incomingKeys(receiverSecret, aggregatePk, contract, tweak)!;
    assertEquals(publicKeyOf(claimKey), commitment.claimPk);
    await bodyOf(await get(`/invoice/${payloadOf()}?amount=1000000`));
    assert(gateway.asked[1]!.contract.commitment.ephemeralPk.join() !== commitment.ephemeralPk.join());
  });
});

Deno.test("what can't be read, and sums beyond the limits, are refused before a gateway is asked", async () => {
  await pages(async (gateway, get) => {
    for (const amount of ["99999", "100000000001"]) {
      assertEquals(
        await reasonOf(await get(`/invoice/${payloadOf()}?amount=${amount}`)),
        "Amount must be between 100000 and 100000000000",
      );
    }
    for (const amount of ["", "-1", "1.5", "1e9", "9".repeat(21)]) {
      assertEquals((await get(`/invoice/${payloadOf()}?amount=${amount}`))?.status, 400);
    }
    assertEquals((await get(`/invoice/${payloadOf()}`))?.status, 400);
    for (const payload of ["nonsense", "fedimint", payloadOf().slice(0, -8), `${payloadOf()}00000000`]) {
      assertEquals(await reasonOf(await get(`/invoice/${payload}?amount=1000000`)), "Failed to decode payload");
    }
    assertEquals(gateway.infos, 0);
  });
});

Deno.test("the first gateway that serves the federation makes the invoice, and only so many are asked", async () => {
  await pages(async (gateway, get) => {
    const dead = "http://gw:81/";
    const late = payloadOf({ gateways: [dead, "ftp://gw/", "http://gw/"] });
    await bodyOf(await get(`/invoice/${late}?amount=1000000`));
    const beyond = payloadOf({ gateways: [...Array(GATEWAYS_ASKED_MAX).fill(dead), "http://gw/"] });
    const none = "All gateways are offline or do not support this federation";
    assertEquals(await reasonOf(await get(`/invoice/${beyond}?amount=1000000`)), none);
    assertEquals(await reasonOf(await get(`/invoice/${payloadOf({ gateways: [] })}?amount=1000000`)), none);
    gateway.info = null;
    assertEquals(await reasonOf(await get(`/invoice/${payloadOf()}?amount=1000000`)), none);
  });
});

Deno.test("a gateway that is too dear, or answers another invoice than was asked for, is told to the payer", async () => {
  await pages(async (gateway, get) => {
    const ask = async () => await reasonOf(await get(`/invoice/${payloadOf()}?amount=1000000`));
    const { base, partsPerMillion } = RECEIVE_FEE_LIMIT;
    for (const receiveFee of [{ base: base + 1n, partsPerMillion }, { base, partsPerMillion: partsPerMillion + 1n }]) {
      gateway.info = { ...INFO, receiveFee };
      assertEquals(await ask(), "Payment fee exceeds limit");
    }
    assertEquals(gateway.asked.length, 0);
    gateway.info = INFO;
    gateway.wrong = { paymentHash: "11".repeat(32) as Sha256 };
    assertEquals(await ask(), "Invalid invoice payment hash");
    gateway.wrong = { amountMsat: 1_000_001n };
    assertEquals(await ask(), "Invalid invoice amount");
    for (
      const description of [{ tag: "Direct", value: METADATA }, {
        tag: "Hash",
        value: "11".repeat(32) as Sha256,
      }] as const
    ) {
      gateway.wrong = { description };
      assertEquals(await ask(), "Invoice does not commit to the LNURL metadata via its description hash");
    }
  });
});

const CROWD = "Too many payers ask at the moment: try again";

Deno.test("gateways that never answer, and payers in crowds, hold up nothing", async () => {
  await pages(async (gateway, get, { clock }) => {
    gateway.info = "silent";
    const startMs = clock.monotonicMs();
    const payload = payloadOf({ gateways: Array(4).fill("http://gw/") });
    const waiting = Array.from({ length: INVOICES_AT_ONCE_MAX + 1 }, () => get(`/invoice/${payload}?amount=1000000`));
    // who has waited longest makes room
    assertEquals(await reasonOf(await waiting.shift()!), CROWD);
    assert(clock.monotonicMs() - startMs < 1_000);
    for (const answer of waiting) assertEquals(await reasonOf(await answer), "The gateways take too long");
    assert(clock.monotonicMs() - startMs < INVOICE_MS + 5_000);
    gateway.info = null;
    let asked = 0;
    while (await reasonOf(await get(`/invoice/${payloadOf()}?amount=1000000`)) !== CROWD) asked++;
    assert(asked >= INVOICE_RATE.burst - 1 && asked < INVOICE_RATE.burst * 2);
  });
});

Deno.test("a stranger whose gateways never answer, and who asks for all invoices that are made, keeps no payer from one", async () => {
  const stranger = "203.0.113.1", payer = "203.0.113.2";
  await pages(async (gateway, get) => {
    const dead = payloadOf({ gateways: ["http://gw:82/"] }), alive = `/invoice/${payloadOf()}?amount=1000000`;
    const waiting = Array.from(
      { length: INVOICES_AT_ONCE_MAX },
      () => get(`/invoice/${dead}?amount=1000000`, stranger),
    );
    assert((await bodyOf(await get(alive, payer))).pr);
    const refused = await Promise.all(waiting.map(async (answer) => await reasonOf(await answer) === CROWD));
    assertEquals(refused.filter((isCrowd) => isCrowd).length, INVOICES_AT_ONCE_MAX - INVOICES_OF_SOURCE_MAX);
    gateway.info = null;
    while (await reasonOf(await get(alive, stranger)) !== CROWD);
    gateway.info = INFO;
    assertEquals(await reasonOf(await get(alive, stranger)), CROWD);
    assert((await bodyOf(await get(alive, payer))).pr);
  });
});
