/**
 * A real LND on our embedded chain, and our embedded Lightning node at the other end of its channel: payments both
 * ways, held on either side, over a kill, and both ways to close.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { LabNode } from "../../client/gateway/node/ldk/testing/lab.ts";
import { Lab } from "../../client/gateway/node/ldk/testing/lab.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromHex, toHex } from "../../core/bytes.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { until } from "../demo/waits.ts";
import type { Chain } from "./lnd_node.ts";
import { Lnd } from "./lnd_node.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";

const CHANNEL_SAT = 1_000_000;
const PAYMENT_MSAT = 25_000_000n;
const LIMITS = { feeLimitMsat: 50_000n, cltvLimit: 1_000 };

type Found = Programs<"lnd" | "lncli">;

function secret(number: number): { readonly preimage: Bytes; readonly paymentHash: Bytes } {
  const preimage = new Uint8Array(32).fill(number);
  return { preimage, paymentHash: sha256(preimage) as Bytes };
}

async function channelsOf(lnd: Lnd): Promise<readonly JsonObject[]> {
  const { channels } = await lnd.ask("listchannels", "--active_only") as { readonly channels: readonly JsonObject[] };
  return channels;
}

async function held({ node }: LabNode, paymentHash: Bytes, signal: AbortSignal): Promise<bigint> {
  for await (const payment of node.heldPayments(signal)) {
    if (toHex(payment.paymentHash) === toHex(paymentHash)) return payment.amountMsat;
  }
  throw new Error("no payment is held");
}

async function scenario(suite: Suite, programs: Found): Promise<void> {
  const { signal } = suite;
  const lab = await Lab.open();
  suite.onEnd(() => lab.close());
  const chain: Chain = {
    node: { url: lab.url, username: lab.username, password: lab.password },
    bitcoin: (method, ...params) => lab.rpc(method, ...params),
    mine: (blocks) => lab.mine(blocks),
  };
  const lnd = await suite.must(
    "a real LND is level with the embedded chain",
    () => Lnd.start(suite, chain, programs, "lnd"),
  );
  const ldk = await lab.node("ldk");
  const peer = await lnd.publicKey();
  const level = (): Promise<unknown> => until("LND is level with the chain", () => lnd.isSynced(), signal);
  const active = async (): Promise<void> => {
    await until("the channel is active", async () => (await channelsOf(lnd)).length > 0, signal);
    await lab.usable(ldk);
  };
  await suite.must("LND opens a channel to the embedded node", async () => {
    const { address } = await lnd.ask("newaddress", "p2wkh");
    await lab.pay(String(address), 0.1);
    await lab.mine(1);
    await until("LND has its coins", async () => {
      return await lnd.isSynced() && Number((await lnd.ask("walletbalance")).confirmed_balance) === 10_000_000;
    }, signal);
    const [key, amount] = [toHex(ldk.key), String(CHANNEL_SAT)];
    await lnd.ask("connect", `${key}@${ldk.host}`);
    await lnd.ask("openchannel", "--node_key", key, "--local_amt", amount, "--push_amt", String(CHANNEL_SAT / 2));
    await lab.mine(6);
    await active();
  });
  await suite.check("the embedded node pays LND, and LND the embedded node", async () => {
    const { payment_request: text } = await lnd.ask("addinvoice", "--amt_msat", String(PAYMENT_MSAT));
    const paid = await ldk.node.pay({ invoice: parseBolt11(String(text)), ...LIMITS }, signal);
    demand(paid.ok, paid.ok ? "" : paid.error);
    const invoice = await ldk.node.operator.createInvoice({
      amountMsat: PAYMENT_MSAT,
      expirySecs: 600,
      description: "",
    });
    await until("LND pays", async () => (await lnd.pay(invoice)).exit === 0, signal);
  });
  await suite.check("a payment of LND's is held over a kill of the embedded node, and settled", async () => {
    const { preimage, paymentHash } = secret(1);
    const description = { tag: "Direct", value: "" } as const;
    const request = { paymentHash, amountMsat: PAYMENT_MSAT, expirySecs: 600, description };
    const paying = lnd.pay(await ldk.node.createHoldInvoice(request));
    demand(await held(ldk, paymentHash, signal) === PAYMENT_MSAT, "another amount is held");
    await ldk.kill();
    const settled = await ldk.node.settle(preimage, signal);
    demand(settled.ok, settled.ok ? "" : settled.error);
    const { exit, out } = await paying;
    demand(exit === 0, out);
  });
  await suite.check("a payment of LND's is given back", async () => {
    const { paymentHash } = secret(2);
    const description = { tag: "Direct", value: "" } as const;
    await active();
    const request = { paymentHash, amountMsat: PAYMENT_MSAT, expirySecs: 600, description };
    const paying = lnd.pay(await ldk.node.createHoldInvoice(request));
    await held(ldk, paymentHash, signal);
    await ldk.node.cancel(paymentHash, signal);
    demand((await paying).exit !== 0, "it was paid");
  });
  await suite.check("a payment to LND is held over a kill of the embedded node, and its end is followed", async () => {
    const { preimage, paymentHash } = secret(3);
    await active();
    const { payment_request: text } = await lnd.ask(
      "addholdinvoice",
      toHex(paymentHash),
      "--amt_msat",
      String(PAYMENT_MSAT),
    );
    const paying = ldk.node.pay({ invoice: parseBolt11(String(text)), ...LIMITS }, signal);
    await until("LND holds it", async () => {
      const { state } = await lnd.ask("lookupinvoice", toHex(paymentHash));
      return state === "ACCEPTED";
    }, signal);
    await ldk.kill();
    await lnd.ask("settleinvoice", toHex(preimage));
    const paid = await paying;
    demand(paid.ok && toHex(paid.value.preimage) === toHex(preimage), "it was not paid");
  });
  await suite.check("closed together, each has its part on the chain", async () => {
    await active();
    const { onchainSats } = await ldk.node.operator.balances();
    const closed = await ldk.node.operator.closeChannels({
      publicKey: fromHex(peer),
      force: false,
      feerateSatPerVbyte: null,
    });
    demand(closed === 1, `${closed} were closed`);
    await until("the closing is sent", async () => (await lab.rpc<string[]>("getrawmempool")).length > 0, signal);
    await until("the embedded node has its part", async () => {
      await lab.mine(1);
      return (await ldk.node.operator.balances()).onchainSats > onchainSats + 450_000n;
    }, signal);
    await level();
  });
  await suite.check(
    "the embedded node opens a channel to LND and closes it by force: it waits, and sweeps",
    async () => {
      await lab.fund(ldk, 0.05, 1);
      await level();
      const funding = await ldk.node.operator.openChannel({
        publicKey: fromHex(peer),
        host: lnd.address,
        sizeSats: 800_000n,
        pushSats: 200_000n,
      });
      await until(
        "the funding is sent",
        async () => (await lab.rpc<string[]>("getrawmempool")).includes(funding),
        signal,
      );
      await lab.mine(6);
      await active();
      const { onchainSats } = await ldk.node.operator.balances();
      await ldk.node.operator.closeChannels({ publicKey: fromHex(peer), force: true, feerateSatPerVbyte: null });
      await until(
        "the commitment is sent",
        async () => (await lab.rpc<string[]>("getrawmempool")).length > 0,
        signal,
      );
      await ldk.kill();
      await until("the embedded node has its part", async () => {
        await lab.mine(10);
        try {
          return (await ldk.node.operator.balances()).onchainSats > onchainSats + 550_000n;
        } catch {
          return false;
        }
      }, signal);
    },
  );
}

if (import.meta.main) await runSuite(() => findPrograms("lnd", "lncli"), scenario);
