/** Two embedded nodes on the embedded chain, each a process of its own. */
import { assert, assertEquals } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../../core/bytes.ts";
import { toHex } from "../../../../core/bytes.ts";
import { parseBolt11 } from "../../../../core/lightning/bolt11.ts";
import { err, ok } from "../../../../core/result.ts";
import { testsNeeding } from "../../../../core/testing/permissions.ts";
import type { HeldPayment } from "../node.ts";
import { HOLD_CLTV_DELTA } from "../node.ts";
import type { LabNode } from "./testing/lab.ts";
import { Lab, until } from "./testing/lab.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");
const LIMITS = { feeLimitMsat: 10_000n, cltvLimit: 500 };

function preimageOf(number: number): Bytes {
  return new Uint8Array(32).fill(number);
}

async function firstHeld({ node }: LabNode): Promise<HeldPayment> {
  const stop = new AbortController();
  for await (const held of node.heldPayments(stop.signal)) return held;
  throw new Error("no payment is held");
}

onMachine(
  "two nodes open a channel, pay both ways, hold both ways, restart in the middle, close and sweep",
  async () => {
    const lab = await Lab.open();
    try {
      const [a, b] = await Promise.all([lab.node("a"), lab.node("b")]);
      await lab.fund(a);
      const txid = await lab.channel(a, b);
      const [channel] = await a.node.operator.channels();
      assertEquals(channel?.funding?.txid, txid);
      for (const [from, to] of [[a, b], [b, a]] as const) {
        const text = await to.node.operator.createInvoice({
          amountMsat: 20_000_000n,
          expirySecs: 600,
          description: "",
        });
        const invoice = parseBolt11(text);
        const paid = await from.node.pay({ invoice, ...LIMITS });
        assert(paid.ok);
        assertEquals(toHex(sha256(paid.value.preimage)), invoice.paymentHash);
        assertEquals(await from.node.pay({ invoice, feeLimitMsat: 0n, cltvLimit: 0 }), paid, "one payment a hash");
      }
      for (const [number, [from, to]] of ([[a, b], [b, a]] as const).entries()) {
        const preimage = preimageOf(number + 1), paymentHash = sha256(preimage) as Bytes;
        const request = {
          paymentHash,
          amountMsat: 30_000_000n,
          expirySecs: 600,
          description: { tag: "Direct", value: "hold" },
        } as const;
        const text = await to.node.createHoldInvoice(request);
        assertEquals(await to.node.createHoldInvoice(request), text, "asked for again it is the same");
        const invoice = parseBolt11(text);
        const paying = from.node.pay({ invoice, ...LIMITS });
        const held = await firstHeld(to);
        assertEquals([held.amountMsat, toHex(held.paymentHash)], [30_000_000n, toHex(paymentHash)]);
        const { blockHeight } = await to.node.info();
        assert(
          held.claimDeadlineHeight >= blockHeight + HOLD_CLTV_DELTA - 30,
          `${held.claimDeadlineHeight} at ${blockHeight}`,
        );
        await Promise.all([from.kill(), to.kill()]);
        assertEquals(await to.node.settle(preimage), ok(null));
        assertEquals(await to.node.cancel(paymentHash), err("settled"));
        const paid = await paying;
        assert(paid.ok);
        assertEquals(paid.value.preimage, preimage);
      }
      const gone = preimageOf(9), paymentHash = sha256(gone) as Bytes;
      const text = await b.node.createHoldInvoice({
        paymentHash,
        amountMsat: 5_000_000n,
        expirySecs: 600,
        description: { tag: "Direct", value: "" },
      });
      const paying = a.node.pay({ invoice: parseBolt11(text), ...LIMITS });
      await firstHeld(b);
      assertEquals(await b.node.cancel(paymentHash), ok(null));
      assertEquals((await paying).ok, false);
      assertEquals(await b.node.settle(gone), err("cancelled"));
      const before = (await a.node.operator.balances()).onchainSats;
      assertEquals(
        await a.node.operator.closeChannels({ publicKey: b.key, force: false, feerateSatPerVbyte: null }),
        1,
      );
      await until("the closing is sent", async () => (await lab.rpc<string[]>("getrawmempool")).length > 0);
      await lab.mine(8);
      await until("swept", async () => {
        await lab.mine(1);
        return (await a.node.operator.balances()).onchainSats > before + 690_000n;
      });
      await until("swept", async () => {
        await lab.mine(1);
        return (await b.node.operator.balances()).onchainSats > 290_000n;
      });
    } finally {
      await lab.close();
    }
  },
);
