/** A node of which nothing is left but its words: another folder, the same seed. */
import { assert, assertEquals } from "@std/assert";
import { realPlatform } from "../../../../actors/platform/real.ts";
import { toHex } from "../../../../core/bytes.ts";
import { parseBolt11 } from "../../../../core/lightning/bolt11.ts";
import { testsNeeding } from "../../../../core/testing/permissions.ts";
import { Lab, until } from "./testing/lab.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");

onMachine(
  "from its words alone a node has its key, its coins, and of its channels what peers pay it when they close them",
  async () => {
    const lab = await Lab.open();
    try {
      const seedHex = toHex(realPlatform().dice.bytes(32));
      const [a, b] = await Promise.all([lab.node("a", { seedHex }), lab.node("b")]);
      await lab.fund(a, 0.05, 3);
      await lab.channel(a, b);
      const terms = { amountMsat: 100_000_000n, expirySecs: 600, description: "" };
      const invoice = parseBolt11(await b.node.operator.createInvoice(terms));
      assert((await a.node.pay({ invoice, feeLimitMsat: 5_000n, cltvLimit: 500 })).ok);
      // coins at an old address that is spent, at the change, at a late address
      const late = await a.node.operator.onchainAddress();
      await lab.pay(late, 0.01);
      await lab.mine(1);
      await lab.level(a, b);
      const before = await a.node.operator.balances();
      await a.stop();
      const again = await lab.node("again", { seedHex });
      assertEquals(again.key, a.key);
      await until("its coins", async () => (await again.node.operator.balances()).onchainSats === before.onchainSats);
      assertEquals((await again.node.operator.channels()).length, 0);
      assert(await again.node.operator.onchainAddress() !== late, "an address that has coins isn't given out again");
      // 700,000 sat less 100,000 and the fee of the closing
      await again.node.operator.connectPeer({ publicKey: b.key, host: b.host });
      await until("the peer closes", async () => (await lab.rpc<string[]>("getrawmempool")).length > 0);
      await lab.mine(1);
      await until("the channel's part", async () => {
        const { onchainSats } = await again.node.operator.balances();
        return onchainSats > before.onchainSats + 580_000n;
      });
      // and all of it can be spent
      const address = await lab.rpc<string>("getnewaddress");
      await again.node.operator.sendOnchain({ address, amountSats: "all", feerateSatPerVbyte: 2 });
      await lab.mine(1);
      await until("all is spent", async () => (await again.node.operator.balances()).onchainSats === 0n);
    } finally {
      await lab.close();
    }
  },
);
