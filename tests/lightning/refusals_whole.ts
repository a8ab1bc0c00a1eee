/**
 * Every way in which a payment or an invoice can't go on, by either module, in the library and on the command line: it
 * says why, what to do, and that nothing was paid.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { startInWorld } from "../../client/cli/testing/mod.ts";
import type { LightningErrorCode } from "../../client/mod.ts";
import { FederationClient } from "../../client/wallet.ts";
import { LightningError } from "../../core/lightning/error.ts";
import { errorText } from "../../core/result.ts";
import { lnClient } from "../../modules/ln/client.ts";
import { outsideInvoice } from "../../modules/ln/testing/wallet.ts";
import type { LightningModule } from "./world.ts";
import { BALANCE_MSAT, LightningWorld } from "./world.ts";

type Terms = {
  readonly amountMsat?: bigint | null;
  readonly currency?: "bitcoin";
  /** It was written a day ago, for a minute. */
  readonly isOld?: boolean;
};

class Scene {
  readonly at: LightningWorld;
  readonly module: LightningModule;
  #written = 0;

  constructor(at: LightningWorld, module: LightningModule) {
    this.at = at;
    this.module = module;
  }

  /** Each of another payment. */
  invoice({ amountMsat = 100_000n, currency, isOld = false }: Terms = {}): string {
    const number = ++this.#written, nowSecs = Math.floor(this.at.world.platform.clock.nowMs() / 1_000);
    const timestamp = isOld ? nowSecs - 86_400 : nowSecs, expirySecs = isOld ? 60 : 3_600;
    const money = currency ? { currency } : {};
    if (this.module === "lnv2") {
      const preimage = new Uint8Array(32).fill(number);
      return this.at.gateway.invoiceOf(amountMsat, { preimage, timestampSecs: timestamp, expirySecs, ...money });
    }
    const terms = { timestamp: BigInt(timestamp), expirySecs: BigInt(expirySecs), ...money };
    return outsideInvoice(this.at.first.gateway, { amountMsat, number, ...terms });
  }

  get gateway() {
    return this.module === "lnv2" ? this.at.gateway : this.at.first.gateway;
  }
}

type Case = {
  readonly name: string;
  /** Default: both. */
  readonly only?: LightningModule;
  /** Arguments of `pay --yes` or `invoice`. */
  readonly command: "pay" | "invoice";
  readonly args: (scene: Scene) => readonly string[];
  /** The same by the library. */
  readonly library: (wallet: FederationClient, args: readonly string[]) => Promise<unknown>;
  readonly arrange?: (scene: Scene) => void;
  readonly code: LightningErrorCode;
  /** What stands in the text, beside that nothing was done. */
  readonly says: readonly string[];
};

const pay = (terms: Terms = {}) =>
  ({
    command: "pay",
    args: (scene: Scene) => [scene.invoice(terms)],
    library: (wallet: FederationClient, [invoice]: readonly string[]) => wallet.payInvoice(invoice!),
  }) as const;
const quoted = (terms: Terms = {}) => ({
  ...pay(terms),
  library: (wallet: FederationClient, [invoice]: readonly string[]) => wallet.quotePayment(invoice!),
});
const ask = (amount: string, ...more: readonly string[]) =>
  ({
    command: "invoice",
    args: () => [amount, ...more],
    library: (wallet: FederationClient, [amountMsat]: readonly string[]) =>
      wallet.createInvoice(BigInt(amountMsat!), {
        ...(more[0] === "--description" && { description: more[1]! }),
        ...(more[0] === "--expiry" && { expirySecs: Number(more[1]) }),
      }),
  }) as const;

const silent = ({ gateway }: Scene): void => void (gateway.isSilent = true);
const others = ({ at: { gateway } }: Scene, changes: Partial<NonNullable<typeof gateway.info>>): void =>
  void (gateway.info = { ...gateway.info!, ...changes });
const DEAR = { base: 200_000n, partsPerMillion: 0n };

const CASES: readonly Case[] = [
  { name: "the amount is missing", ...pay({ amountMsat: null }), code: "amount_missing", says: ["ask for an invoice"] },
  { name: "the amount is nothing", ...pay({ amountMsat: 0n }), code: "amount_missing", says: ["ask for an invoice"] },
  { name: "the invoice has expired", ...pay({ isOld: true }), code: "invoice_expired", says: ["ask for a new one"] },
  {
    name: "the invoice is of another network",
    ...pay({ currency: "bitcoin" }),
    code: "wrong_network",
    says: ["the invoice is for bitcoin, the federation is on regtest"],
  },
  {
    name: "the balance is too low",
    ...pay({ amountMsat: BALANCE_MSAT }),
    code: "insufficient_funds",
    says: ["sufficient funds", "with all fees it takes 100", "the wallet has 1000000 msat"],
  },
  {
    name: "the balance is too low for the quote already",
    ...quoted({ amountMsat: BALANCE_MSAT - 1n }),
    code: "insufficient_funds",
    says: ["with all fees it takes 100", "the wallet has 1000000 msat"],
  },
  { name: "no gateway answers", ...pay(), arrange: silent, code: "gateways_unresponsive", says: ["doesn't answer"] },
  {
    name: "no gateway answers who asks for money",
    ...ask("100000"),
    arrange: silent,
    code: "gateways_unresponsive",
    says: ["doesn't answer", "try again later"],
  },
  {
    name: "no gateway serves the federation",
    only: "lnv2",
    ...pay(),
    arrange: ({ at: { gateway } }) => void (gateway.info = null),
    code: "gateways_unresponsive",
    says: ["http://gateway/v1 doesn't serve this federation"],
  },
  {
    name: "each gateway takes too much",
    only: "lnv2",
    ...pay(),
    arrange: (scene) => others(scene, { sendFeeDefault: DEAR }),
    code: "fee_exceeds_limit",
    says: ["http://gateway/v1 takes 200000 msat and 0 %, of at most 100000 msat and 1.5 %"],
  },
  {
    name: "each gateway would keep the money for too long",
    only: "lnv2",
    ...pay(),
    arrange: (scene) => others(scene, { expirationDeltaDefault: 5_000n }),
    code: "expiration_exceeds_limit",
    says: ["would keep the money for up to 5000 blocks, of at most 1440"],
  },
  {
    name: "each gateway takes too much of what comes in",
    only: "lnv2",
    ...ask("100000"),
    arrange: (scene) => others(scene, { receiveFee: DEAR }),
    code: "fee_exceeds_limit",
    says: ["takes 200000 msat and 0 %, of at most 50000 msat and 0.5 %"],
  },
  {
    name: "nobody is paid through any gateway",
    only: "lnv2",
    ...ask("100000"),
    arrange: (scene) => others(scene, { receiveEnabled: false }),
    code: "no_receiving_gateway",
    says: ["takes no incoming payments at the moment"],
  },
  { name: "the asked amount is too small", ...ask("1"), code: "amount_too_small", says: ["ask for more"] },
  {
    name: "the asked amount is more than there is",
    ...ask(String(2n ** 63n)),
    code: "amount_too_large",
    says: ["ask for less"],
  },
  {
    name: "the description is too long",
    ...ask("100000", "--description", "x".repeat(640)),
    code: "description_too_long",
    says: ["639 bytes"],
  },
];

/** Says that nothing was paid, or done. */
const NOTHING = /Nothing was (paid|done)/;

for (const module of ["lnv2", "ln"] as const) {
  Deno.test(`what can't be paid or asked for by ${module} says why, what to do and where the money is`, async () => {
    const at = await LightningWorld.start(7, [module]), scene = new Scene(at, module);
    const usual = module === "lnv2" ? at.gateway.info : null;
    for (const { name, only = module, command, args, library, arrange, code, says } of CASES) {
      if (only !== module) continue;
      arrange?.(scene);
      const words = args(scene), wallet = new FederationClient(at.client);
      const thrown = await assertRejects(() => at.finish(library(wallet, words)), LightningError);
      assertEquals(thrown.code, code, name);
      const text = errorText(thrown);
      for (const each of says) assertStringIncludes(text, each, `${name}: ${text}`);
      assert(NOTHING.test(text), `${name}: ${text}`);
      await at.finish(at.client.close());
      const ran = await at.finish(startInWorld(
        at.world,
        ["--data-dir", "/wallet", command, ...command === "pay" ? ["--yes"] : [], ...words],
        { modules: at.modules, openStore: () => at.world.openStore("client.kv") },
      ));
      assertEquals([ran.exit, ran.out], [1, ""], `${name}: ${ran.err}`);
      for (const each of says) assertStringIncludes(ran.err, each, name);
      assert(NOTHING.test(ran.err), `${name}: ${ran.err}`);
      await at.open();
      assertEquals([await at.balanceMsat(), await at.openMsat()], [BALANCE_MSAT, 0n], name);
      scene.gateway.isSilent = false;
      if (module === "lnv2") at.gateway.info = usual;
    }
    // an operation that isn't there, and texts that are no invoice
    const wallet = new FederationClient(at.client),
      codeOf = async (work: Promise<unknown>) => (await assertRejects(() => at.finish(work), LightningError)).code;
    assertEquals(await codeOf(wallet.awaitPayment("ab".repeat(32))), "unknown_operation");
    assertEquals(await codeOf(wallet.quotePayment("lnbcrt1")), "not_an_invoice");
    for (const expirySecs of [0, -1, 1.5, NaN]) {
      assertEquals(await codeOf(wallet.createInvoice(100_000n, { expirySecs })), "expiry_too_short");
    }
    assertEquals(await codeOf(wallet.createInvoice(100_000n, { expirySecs: 40_000_000 })), "expiry_too_long");
    for (const amountMsat of [0n, -1n]) {
      assertEquals(await codeOf(wallet.createInvoice(amountMsat)), "amount_too_small");
    }
    for (const amountMsat of [21n * 10n ** 17n + 1n, 2n ** 64n, 2n ** 70n]) {
      assertEquals(await codeOf(wallet.createInvoice(amountMsat)), "amount_too_large");
      assertEquals(await codeOf(wallet.quoteInvoice(amountMsat)), "amount_too_large");
    }
  });
}

Deno.test("a wallet's own invoice is told as such before it is paid", async () => {
  for (const module of ["lnv2", "ln"] as const) {
    const at = await LightningWorld.start(8, [module]), wallet = new FederationClient(at.client);
    const { invoice } = await at.finish(wallet.createInvoice(100_000n));
    const quote = await at.finish(wallet.quotePayment(invoice));
    assertEquals([quote.isOwn, (await at.finish(wallet.quotePayment(new Scene(at, module).invoice()))).isOwn], [
      true,
      false,
    ]);
    await at.finish(at.client.close());
    const { err, exit } = await at.finish(startInWorld(at.world, ["--data-dir", "/wallet", "pay", invoice], {
      modules: at.modules,
      openStore: () => at.world.openStore("client.kv"),
      answer: "n",
    }));
    assertEquals(exit, 1);
    assertStringIncludes(err, "This wallet wrote the invoice itself");
    assertStringIncludes(err, "Nothing was paid.");
  }
});

Deno.test("a federation without gateways says so, and a payment within it needs none", async () => {
  for (const module of ["lnv2", "ln"] as const) {
    const at = await LightningWorld.start(10, [module], { hasGateways: false }), scene = new Scene(at, module);
    const wallet = new FederationClient(at.client);
    const asked: readonly (() => Promise<unknown>)[] = [
      () => wallet.payInvoice(scene.invoice()),
      () => wallet.createInvoice(100_000n),
      () => wallet.maxSendable(),
    ];
    for (const ask of asked) {
      const thrown = await assertRejects(() => at.finish(ask()), LightningError);
      assertEquals(thrown.code, "no_gateways");
      assert(NOTHING.test(thrown.message), thrown.message);
    }
    assertEquals(await at.finish(wallet.gateways()), []);
    if (module === "lnv2") continue;
    const { invoice } = await at.finish(wallet.use(lnClient).receive(100_000n, { gateway: "internal" }));
    const { gateway, isDirect, refundBlocks, gatewayFeeMsat } = await at.finish(wallet.quotePayment(invoice));
    assertEquals([gateway, isDirect, refundBlocks, gatewayFeeMsat], [null, true, 0n, 0n]);
  }
});

Deno.test("a payment that a gateway gives up says why, and that the money is back", async () => {
  for (const module of ["lnv2", "ln"] as const) {
    const at = await LightningWorld.start(11, [module]), scene = new Scene(at, module);
    if (module === "lnv2") at.gateway.paying = ["forfeit"];
    else at.first.gateway.doing = ["cancel"];
    const wallet = new FederationClient(at.client);
    const refunded = await at.finish(wallet.awaitPayment(await at.finish(wallet.payInvoice(scene.invoice()))));
    assert(refunded.outcome === "refunded");
    await at.finish(at.client.close());
    const { err, exit } = await at.finish(
      startInWorld(at.world, ["--data-dir", "/wallet", "pay", "--yes", scene.invoice()], {
        modules: at.modules,
        openStore: () => at.world.openStore("client.kv"),
      }),
    );
    assertEquals(exit, 1);
    const why = refunded.reason === null
      ? "The gateway could not pay."
      : "The gateway could not pay (Gateway cancelled";
    for (const each of [why, "The money is back, less fees. Balance: "]) assertStringIncludes(err, each);
  }
});

Deno.test("a federation without Lightning says so to whatever is asked of it", async () => {
  const at = await LightningWorld.start(9, []), wallet = new FederationClient(at.client);
  const asked: readonly (() => Promise<unknown>)[] = [
    () => wallet.quotePayment("lnbcrt1"),
    () => wallet.payInvoice("lnbcrt1"),
    () => wallet.maxSendable(),
    () => wallet.quoteInvoice(1n),
    () => wallet.createInvoice(1n),
    () => wallet.lnurl("https://pay.example/"),
    () => wallet.gateways(),
  ];
  for (const ask of asked) {
    const thrown = await assertRejects(() => at.finish(ask()), LightningError);
    assertEquals(thrown.code, "no_lightning");
    assertStringIncludes(thrown.message, "Nothing was done: its e-cash can be sent");
  }
  await at.finish(at.client.close());
  for (const args of [["gateways"], ["invoice", "5 sat"], ["lnurl", "https://pay.example/"]]) {
    const { err, exit } = await at.finish(startInWorld(at.world, ["--data-dir", "/wallet", ...args], {
      modules: at.modules,
      openStore: () => at.world.openStore("client.kv"),
    }));
    assertEquals(exit, 1);
    assertStringIncludes(err, "no module for Lightning");
  }
});
