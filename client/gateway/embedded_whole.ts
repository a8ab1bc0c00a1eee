/** The gateway as people start it, with its own Lightning node inside. */
import { assert, assertEquals } from "@std/assert";
import { realPlatform } from "../../actors/platform/real.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { testsNeeding } from "../../core/testing/permissions.ts";
import { copy } from "./node/ldk/testing/copy.ts";
import { Lab, until } from "./node/ldk/testing/lab.ts";
import type { ChannelLab } from "./testing/channel.ts";
import { gatewayChannelUsable, openGatewayChannel } from "./testing/channel.ts";
import { GatewayProgram } from "./testing/program.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");
const OTHER_WORDS = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

onMachine(
  "a gateway with its own node opens a channel, pays, is paid, is killed, and refuses an older folder and other words",
  async () => {
    const lab = await Lab.open();
    const gateway = new GatewayProgram({
      platform: realPlatform(),
      folder: `${lab.folder}/gateway`,
      chain: { url: lab.url, username: lab.username, password: lab.password },
    });
    try {
      const outside = await lab.node("outside");
      const start = async (): Promise<JsonObject> => {
        await gateway.start();
        return await gateway.connected();
      };
      const { alias, network } = await start();
      assertEquals([alias, network], ["Alice's", "regtest"]);
      const info = await gateway.ask<JsonObject>("info");
      assertEquals(info.lightning_mode, { Ldk: { lightning_port: gateway.lightningPort, alias: "Alice's" } });
      await lab.pay((await gateway.ask<{ address: string }>("onchain", "address")).address, 0.1);
      await lab.mine(1);
      const balance = async (name: string): Promise<number> =>
        Number((await gateway.ask<JsonObject>("get-balances"))[name]);
      await until("coins", async () => await balance("onchain_balance_sats") === 10_000_000);
      const channels: ChannelLab = {
        ask: (...args) => gateway.ask(...args),
        mine: (blocks) => lab.mine(blocks),
        isWaiting: async (txid) => (await lab.rpc<string[]>("getrawmempool")).includes(txid),
        until,
      };
      const peer = { key: outside.key.toHex(), host: outside.host };
      await openGatewayChannel(channels, { ...peer, sizeSats: 1_000_000, pushSats: 400_000 });
      const usable = async (): Promise<void> => {
        await gatewayChannelUsable(channels);
        await lab.usable(outside);
      };
      const payOut = async (): Promise<void> => {
        const invoice = await outside.node.operator.createInvoice({
          amountMsat: 20_000_000n,
          expirySecs: 600,
          description: "",
        });
        const { preimage } = await gateway.ask<{ preimage: string }>("lightning", "pay-invoice", invoice);
        assertEquals(preimage.length, 64);
      };
      const payIn = async (): Promise<void> => {
        const { invoice } = await gateway.ask<{ invoice: string }>("lightning", "create-invoice", "5000000");
        const paid = await outside.node.pay({ invoice: parseBolt11(invoice), feeLimitMsat: 5_000n, cltvLimit: 1_000 });
        assert(paid.ok, paid.ok ? "" : paid.error);
      };
      await usable();
      await payOut();
      await payIn();

      await gateway.kill();
      await start();
      await usable();
      await payOut();

      assertEquals(await gateway.stop(), 0);
      assertEquals(await gateway.startsNot({ FM_GATEWAY_MNEMONIC: OTHER_WORDS }), 1);
      assert(gateway.said.some((line) => line.includes("The Lightning node in this folder has other words")));
      await copy(gateway.nodeFolder, `${lab.folder}/older`);
      await start();
      await usable();
      await payIn();
      assertEquals(await gateway.stop(), 0);
      await copy(gateway.nodeFolder, `${lab.folder}/newest`);

      await copy(`${lab.folder}/older`, gateway.nodeFolder);
      await gateway.start();
      await until(
        "it is refused",
        () => Promise.resolve(gateway.said.some((line) => line.includes("is an older copy"))),
      );
      assertEquals((await gateway.ask<JsonObject>("info")).lightning_info, "not_connected");
      assertEquals(await lab.rpc("getrawmempool"), [], "nothing is closed");
      assertEquals(await gateway.stop(), 0);

      await copy(`${lab.folder}/newest`, gateway.nodeFolder);
      await start();
      await usable();
      await payOut();
    } finally {
      await gateway.stop();
      await lab.close();
    }
  },
);
