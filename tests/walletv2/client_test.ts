import { assertEquals, assertRejects } from "@std/assert";
import { addressFromScript } from "../../core/bitcoin/mod.ts";
import { TestFederation } from "./federation.ts";
import { TestClient } from "./client.ts";
import { confirm, depositAddress, payment, testWallet, VALID_INDICES } from "../../modules/walletv2/testing.ts";

const [FIRST, SECOND, THIRD] = VALID_INDICES[4]! as [number, number, number];

Deno.test("a deposit is found and claimed, and its e-cash is there", async () => {
  const wallet = await testWallet();
  const federation = new TestFederation(wallet);
  const client = await TestClient.open({ federation });
  await client.searched(FIRST - 200);
  const address = await client.until(client.wallet.receive());
  assertEquals(address, addressFromScript(depositAddress(wallet, 0).script, "regtest"));
  await client.searched(SECOND - 200);
  await confirm(wallet, payment({ valueSat: 100_000n, script: depositAddress(wallet, 0).script }));
  const received = await client.until(client.wallet.awaitReceive(0));
  console.log(received, await client.balanceMsat(), await client.events());
  console.log(client.records.filter(({ level }) => level !== "debug").map(({ message, facts }) => [message, facts]));
  await client.close();
  void [assertRejects, THIRD];
});
