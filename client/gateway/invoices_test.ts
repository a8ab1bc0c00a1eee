/** What strangers ask about invoices: that one's flood changes nothing in what another is told. */
import { sha256 } from "@noble/hashes/sha2.js";
import { assertEquals, assertRejects } from "@std/assert";
import { loggerFor } from "../../actors/logger.ts";
import { openMemoryStore } from "../../actors/store/memory.ts";
import { ManualClock, settle } from "../../actors/testing/manual_clock.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import type { Sha256 } from "../../core/types/ids.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import type { IncomingContract } from "../../modules/lnv2/contracts.ts";
import type { CreateBolt11InvoicePayload } from "../../modules/lnv2/gateway_api.ts";
import { incomingOf, PREIMAGE, testLightning } from "../../modules/lnv2/testing/guardians.ts";
import { GatewayError } from "./error.ts";
import type { Federations } from "./federations.ts";
import { Invoices } from "./invoices.ts";
import { VERIFY_WAITING_MAX } from "./limits.ts";
import type { LightningNode } from "./node/node.ts";
import { SimulatedLightning } from "./node/simulated/lightning.ts";
import { NodeWatch } from "./node_watch.ts";
import { register } from "./records.ts";

const ID = "bb".repeat(32), PAID = toHex(sha256(PREIMAGE)) as Sha256, OPEN = "cd".repeat(32) as Sha256;
const NOW_SECS = 1_700_000_040;

type Nodes = { readonly node: LightningNode; readonly outside: LightningNode };

async function asked({ isRegistered = true, nodes = null as Nodes | null } = {}) {
  const clock = new ManualClock(), dice = seededDice(1), store = await openMemoryStore({ clock });
  await clock.advance(NOW_SECS * 1_000);
  const lightning = new SimulatedLightning({ clock, dice });
  const money = { localMsat: 10_000_000n, remoteMsat: 10_000_000n };
  const simulated = lightning.node("gateway", money),
    outside = nodes?.outside ??
      lightning.node("outside", money).connect();
  const node = nodes?.node ?? simulated.connect(), log = loggerFor("test", () => {});
  const watch = new NodeWatch({ node, network: "regtest", store, platform: { clock }, log });
  const contract = incomingOf(await testLightning());
  const open: IncomingContract = {
    ...contract,
    commitment: { ...contract.commitment, paymentImage: { tag: "Hash", value: OPEN } },
  };
  const terms = { federationId: ID, amountMsat: 101_000n, invoiceExpiresAtSecs: NOW_SECS + 600 };
  const { durable } = await store.transact(async (tx) => {
    if (isRegistered) await register(tx, PAID, { ...terms, contract });
    await register(tx, OPEN, { ...terms, contract: open });
  });
  await durable;
  const isPaid = ({ commitment: { paymentImage } }: IncomingContract) => paymentImage.value === PAID;
  const module = {
    isFunded: () => Promise.resolve(true),
    awaitBought: (bought: IncomingContract, signal: AbortSignal) =>
      isPaid(bought)
        ? Promise.resolve({ tag: "Success", value: PREIMAGE })
        : new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    facts: () => Promise.resolve({ publicKey: contract.commitment.refundPk, network: "regtest" }),
  };
  const fee = { base: 1_000n, partsPerMillion: 0n };
  const record = { lightningFee: fee, transactionFee: fee, receiveEnabled: true };
  const federations = {
    module: () => module,
    served: () => Promise.resolve({ record, module }),
    using: (_: string, work: () => Promise<unknown>) => work(),
  } as unknown as Federations;
  const invoices = new Invoices({ store, clock, node, watch, federations, rate: { burst: 10, perSecond: 5 } });
  return { invoices, clock, contract, simulated, node, outside };
}

Deno.test("an invoice that was paid is told as paid however many wait for others", async () => {
  const { invoices, clock } = await asked(), never = new AbortController().signal;
  const waiting = Array.from({ length: VERIFY_WAITING_MAX }, () => invoices.verify(OPEN, true, never));
  for (let turn = 0; turn < 50; turn++) await settle();
  assertEquals(await invoices.verify(PAID, true, never), { preimage: PREIMAGE });
  assertEquals(await invoices.verify(PAID, false, never), { preimage: PREIMAGE });
  const late = invoices.verify(OPEN, true, never);
  for (let turn = 0; turn < 50; turn++) await settle();
  await clock.advance(1_000);
  assertEquals(await late, { preimage: null });
  await clock.advance(30_000);
  assertEquals((await Promise.all(waiting)).filter(({ preimage }) => preimage !== null).length, 0);
});

const DAY_SECS = 86_400;
const payloadFor = (contract: IncomingContract, changes: Partial<CreateBolt11InvoicePayload> = {}) => ({
  federationId: ID,
  contract,
  amount: 101_000n,
  description: { tag: "Direct", value: "" } as const,
  expirySecs: DAY_SECS,
  ...changes,
});

Deno.test("an invoice that expires at once is refused: nodes give it a life of their own", async () => {
  const { invoices, contract, simulated } = await asked({ isRegistered: false }), never = new AbortController().signal;
  const dead = await assertRejects(
    () => invoices.create(payloadFor(contract, { expirySecs: 0 }), never),
    GatewayError,
  );
  assertEquals([dead.code, simulated.books.invoices.size], ["incoming", 0]);
  await invoices.create(payloadFor(contract, { expirySecs: 1 }), never);
  assertEquals(simulated.books.invoices.size, 1);
});

Deno.test("a stranger's flood of invoices keeps nobody else from theirs; one alone has all that gatewayd gives", async () => {
  const { invoices, contract, clock } = await asked(), never = new AbortController().signal;
  const ask = async (hostname: string): Promise<string> => {
    const made = invoices.create(payloadFor(contract), never, { hostname, port: 1 });
    // its hash is registered already: what is looked at is refused for that
    return (await assertRejects(() => made, GatewayError)).code;
  };
  const flood = async (): Promise<number> => {
    let looked = 0;
    for (let count = 0; count < 20; count++) if (await ask("203.0.113.5") === "incoming") looked++;
    return looked;
  };
  const first = await flood();
  assertEquals([first >= 10, first <= 13], [true, true]);
  await clock.advance(10_000);
  assertEquals(await flood() >= 10, true);
  assertEquals([await ask("203.0.113.6"), await ask("203.0.113.7")], ["incoming", "incoming"]);
  assertEquals(await ask("203.0.113.5"), "rate_limited");
  // a hundred thousand strangers are bounded together
  let looked = 0;
  for (let count = 0; count < 40; count++) if (await ask(`198.51.100.${count}`) === "incoming") looked++;
  assertEquals(looked <= 3, true);
});

Deno.test("a payment that the node holds, or has taken, from before the database is never funded again", async () => {
  const never = new AbortController().signal;
  for (const isSettled of [false, true]) {
    // the folder was lost; the node is the same
    const { invoices, contract, node, outside } = await asked({ isRegistered: false });
    const text = await node.createHoldInvoice({
      paymentHash: sha256(PREIMAGE) as Bytes,
      amountMsat: 101_000n,
      expirySecs: DAY_SECS,
      description: { tag: "Direct", value: "" },
    });
    // as long as nobody has paid it may be registered again: its answer was lost
    assertEquals(await invoices.create(payloadFor(contract), never), text);
    const lost = await asked({ isRegistered: false, nodes: { node, outside } });
    const paid = outside.pay({ invoice: parseBolt11(text), feeLimitMsat: 5_000n, cltvLimit: 500 });
    for (let turn = 0; turn < 20; turn++) await settle();
    if (isSettled) await node.settle(PREIMAGE);
    const refused = await assertRejects(() => lost.invoices.create(payloadFor(contract), never), GatewayError);
    assertEquals([refused.code, refused.message.includes("before")], ["incoming", true]);
    void paid;
  }
});
