/**
 * A federation, a gateway with its own Lightning node, and a node of the outside world, each a process: somebody pays
 * out, is paid, pays while the gateway is killed, and gets back what couldn't be paid; by invoice and by lnurl.
 */
import { assert, assertEquals } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { realPlatform } from "../../actors/platform/real.ts";
import { Lab, until } from "../../client/gateway/node/ldk/testing/lab.ts";
import type { ChannelLab } from "../../client/gateway/testing/channel.ts";
import { gatewayChannelUsable, openGatewayChannel } from "../../client/gateway/testing/channel.ts";
import { GatewayProgram } from "../../client/gateway/testing/program.ts";
import { openClient } from "../../client/deno.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import type { SafeUrl } from "../../core/types/safe_url.ts";
import { DevFederation } from "../../server/dev/federation/federation.ts";
import { fund } from "../demo/fund.ts";

const LIMITS = { feeLimitMsat: 50_000n, cltvLimit: 1_000 };
const PAYMENT_MSAT = 10_000_000n;

Deno.test("a federation's wallet pays and is paid over a gateway with its own node, which is killed", async () => {
  const platform = realPlatform(), lab = await Lab.open();
  const federation = await DevFederation.start({ platform, dir: `${lab.folder}/fed`, peers: 1, progress: () => {} });
  const { node: chain } = federation, folder = `${lab.folder}/gateway`;
  const gateway = new GatewayProgram({ platform, folder, chain, args: ["--lnurl-pages"] });
  const wallet = await openClient({ dir: `${lab.folder}/wallet`, testEnvironment: true, findsAhead: false });
  try {
    const outside = await lab.node("outside", { chain: { kind: "bitcoind", ...chain } });
    await gateway.start();
    await gateway.connected();
    const { address } = await gateway.ask<{ address: string }>("onchain", "address");
    await federation.pay(address, 10_000_000n);
    await federation.mine(1);
    await wallet.join(federation.invite);
    const joined = await gateway.ask<JsonObject>("connect-fed", federation.invite);
    const federationId = joined.federation_id as string;
    const channels: ChannelLab = {
      ask: (...args) => gateway.ask(...args),
      mine: (blocks) => federation.mine(blocks),
      isWaiting: (txid) => federation.isWaiting(txid),
      until,
    };
    const peer = { key: outside.key.toHex(), host: outside.host };
    await openGatewayChannel(channels, { ...peer, sizeSats: 2_000_000, pushSats: 1_000_000 });
    const { address: pegin } = await gateway.ask<{ address: string }>(
      "ecash",
      "pegin",
      "--federation-id",
      federationId,
    );
    await federation.pay(pegin, 5_000_000n);
    await fund(federation, wallet, 0.01);
    const balances = async () =>
      (await gateway.ask<{ ecash_balances: readonly JsonObject[] }>("get-balances")).ecash_balances;
    await until("the gateway's e-cash", async () => Number((await balances())[0]!.ecash_balance_msats) > 0);
    const usable = async (): Promise<void> => {
      await gatewayChannelUsable(channels);
      await lab.usable(outside);
    };
    await usable();
    const over = { gateway: gateway.url as SafeUrl };
    const held = (fill: number) => {
      const preimage = new Uint8Array(32).fill(fill), paymentHash = sha256(preimage) as Bytes;
      const description = { tag: "Direct", value: "" } as const;
      const invoice = { paymentHash, amountMsat: PAYMENT_MSAT, expirySecs: 3_600, description };
      return { preimage, paymentHash, text: outside.node.createHoldInvoice(invoice) };
    };
    const isHeld = (hash: Bytes) =>
      until("it is held outside", async () => await outside.node.heldPayment(hash) !== null);

    const terms = { amountMsat: PAYMENT_MSAT, expirySecs: 3_600, description: "" };
    const invoice = await outside.node.operator.createInvoice(terms);
    const paid = await wallet.awaitPayment(await wallet.payInvoice(invoice, over));
    assertEquals(paid.outcome, "success");

    const before = await wallet.getBalance();
    const receive = await wallet.createInvoice(PAYMENT_MSAT, over);
    const got = outside.node.pay({ invoice: parseBolt11(receive.invoice), ...LIMITS });
    assertEquals((await wallet.awaitInvoice(receive.operationId)).outcome, "claimed");
    assert((await got).ok);
    assert(await wallet.getBalance() > before);

    const killed = held(1), back = held(2);
    const operations = await Promise.all(
      [killed, back].map(async ({ text }) => await wallet.payInvoice(await text, over)),
    );
    await isHeld(killed.paymentHash);
    await isHeld(back.paymentHash);
    await gateway.kill();
    const [settled, cancelled] = [outside.node.settle(killed.preimage), outside.node.cancel(back.paymentHash)];
    await gateway.start();
    assertEquals((await wallet.awaitPayment(operations[0]!)).outcome, "success");
    assertEquals((await wallet.awaitPayment(operations[1]!)).outcome, "refunded");
    assertEquals([(await settled).ok, (await cancelled).ok], [true, true]);

    await usable();
    const pages = gateway.url.replace(/\/v1$/, "/") as SafeUrl;
    const request = await wallet.payRequest(await wallet.lnurl(pages, over));
    const page = await wallet.invoiceOf(request, PAYMENT_MSAT);
    const beforePage = await wallet.getBalance();
    assert((await outside.node.pay({ invoice: parseBolt11(page), ...LIMITS })).ok);
    await until("it came by lnurl", async () => await wallet.getBalance() > beforePage);
    assertEquals(await gateway.stop(), 0);
  } finally {
    await wallet.close();
    await gateway.stop();
    await federation.stop();
    await lab.close();
  }
});
