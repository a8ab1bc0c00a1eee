/**
 * A channel that is closed by force while payments are under way: each ends on the chain as it would have in the
 * channel.
 */
import { assert, assertEquals } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { err, ok } from "../../core/result.ts";
import type { PaymentOutcome } from "../../client/gateway/node/node.ts";
import type { LabNode } from "../../client/gateway/node/ldk/testing/lab.ts";
import { Lab, until } from "../../client/gateway/node/ldk/testing/lab.ts";

const AMOUNT_MSAT = 50_000_000n;
const BLOCKS_AT_ONCE = 6;

async function heldBy({ node }: LabNode, paymentHash: Bytes): Promise<void> {
  for await (const payment of node.heldPayments(new AbortController().signal)) {
    if (toHex(payment.paymentHash) === toHex(paymentHash)) return;
  }
}

Deno.test(
  "closed by force, a held payment is taken on the chain with its preimage, and another goes back when its time is over",
  async () => {
    const lab = await Lab.open();
    try {
      const [a, b] = await Promise.all([lab.node("a"), lab.node("b")]);
      await lab.fund(a);
      await lab.channel(a, b);
      /** What comes of it while blocks come. */
      const mined = async (paying: Promise<PaymentOutcome>, blocks: number): Promise<PaymentOutcome> => {
        let outcome: PaymentOutcome | null = null;
        void paying.then((value) => outcome = value);
        return await until("the payment is over", async () => {
          await lab.mine(blocks);
          // a node that is behind, as after its kill, may not lose its time to blocks that come faster than it reads
          await lab.level(a, b);
          await new Promise((resolve) => setTimeout(resolve, 500));
          return outcome;
        });
      };
      const taken = new Uint8Array(32).fill(1), given = new Uint8Array(32).fill(2);
      const pay = async (preimage: Bytes) => {
        const paymentHash = sha256(preimage) as Bytes;
        const description = { tag: "Direct", value: "" } as const;
        const request = { paymentHash, amountMsat: AMOUNT_MSAT, expirySecs: 3_600, description };
        const invoice = parseBolt11(await b.node.createHoldInvoice(request));
        const paying = a.node.pay({ invoice, feeLimitMsat: 5_000n, cltvLimit: 400 });
        await heldBy(b, paymentHash);
        return { paying, paymentHash };
      };
      const first = await pay(taken), second = await pay(given);
      const before = (await a.node.operator.balances()).onchainSats;
      await a.node.operator.closeChannels({ publicKey: b.key, force: true, feerateSatPerVbyte: null });
      await until("the commitment is sent", async () => (await lab.rpc<string[]>("getrawmempool")).length > 0);
      await lab.mine(1);
      assertEquals(await b.node.settle(taken), ok(null));
      // whether the preimage was sent before or not
      await b.kill();
      const paid = await mined(first.paying, 1);
      assert(paid.ok);
      assertEquals(paid.value.preimage, taken);
      const over = await mined(second.paying, BLOCKS_AT_ONCE);
      assertEquals(over.ok, false);
      assertEquals(await b.node.settle(given), err("cancelled"));
      // 700,000 sat less what was paid, and fees of four transactions
      await until("each has its part", async () => {
        await lab.mine(BLOCKS_AT_ONCE);
        const [own, other] = await Promise.all([a.node.operator.balances(), b.node.operator.balances()]);
        return own.onchainSats > before + 640_000n && other.onchainSats > 340_000n;
      });
    } finally {
      await lab.close();
    }
  },
);
