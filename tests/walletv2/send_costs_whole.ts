/** What a payment costs, what refuses one, and how much can be sent. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { errorText } from "../../core/result.ts";
import { WalletError } from "../../modules/walletv2/client/error.ts";
import { ask, SEND_FEE, signedTransactions } from "../../modules/walletv2/testing/federation.ts";
import { WALLET } from "./federation.ts";

import { ADDRESS, ITEM_FEES_MSAT, refusedWith, withBalance } from "./paying.ts";

Deno.test("a quote tells what a payment costs to the millisatoshi, and what waits before it", () =>
  withBalance(500_000_000n, async (client, _, wallet) => {
    const quote = await client.until(client.wallet.quoteWithdraw(ADDRESS.toUpperCase(), 50_000n));
    assertEquals(quote, {
      address: ADDRESS,
      valueSat: 50_000n,
      feeSat: SEND_FEE,
      federationFeeMsat: ITEM_FEES_MSAT,
      totalMsat: 50_228_000n + ITEM_FEES_MSAT,
      pending: 0,
      isFeeHigh: false,
      isShort: false,
    });
    assertEquals(await client.events(), []);
    assertEquals(await client.balanceMsat(), 500_000_000n);
    const operationId = await client.until(client.wallet.withdraw(ADDRESS, 50_000n));
    assertEquals((await client.until(client.wallet.awaitSend(operationId))).outcome, "success");
    assertEquals(await client.balanceMsat(), 500_000_000n - quote.totalMsat);
    assertEquals(await client.pending(), { incomingMsat: 0n, outgoingMsat: 0n, inDoubtMsat: 0n });
    const second = await client.until(client.wallet.quoteWithdraw(ADDRESS, "all"));
    assertEquals([second.pending, second.isShort], [1, false]);
    assertEquals(second.totalMsat <= await client.balanceMsat(), true);
    const held = (await ask(wallet.guardians[0]!, "federation_wallet") as { value: number }).value;
    await client.setBalance(10_000_000_000n);
    const short = await client.until(client.wallet.quoteWithdraw(ADDRESS, "all"));
    assertEquals([short.isShort, short.valueSat], [true, BigInt(held) - short.feeSat - 10_000n]);
  }));

Deno.test("what guardians would refuse is refused before it costs anything", () =>
  withBalance(5_000_000_000n, async (client, federation, wallet) => {
    const { wallet: api } = client;
    const withdraw = (amountSat: bigint | "all", feeSat?: bigint, address = ADDRESS) => () =>
      client.until(api.withdraw(address, amountSat, feeSat === undefined ? {} : { feeSat }));
    for (const amountSat of [0n, -1n, -2_000_000n, 9_999n]) {
      await refusedWith("dust_value", withdraw(amountSat));
      await refusedWith("dust_value", () => api.send(ADDRESS, amountSat));
    }
    const calls = new Map(federation.calls);
    await refusedWith("wrong_network", withdraw(50_000n, undefined, "1QJVDzdqb1VpbDK7uDeyVXy9mR27CJiyhY"));
    await refusedWith("invalid_address", withdraw(50_000n, undefined, "bcrt1qxyz"));
    assertEquals(federation.calls, calls, "an address is looked at before anybody is asked");
    await refusedWith("fee_too_low", withdraw(50_000n, SEND_FEE - 1n));
    await refusedWith("fee_too_low", withdraw(50_000n, -1n));
    await refusedWith("fee_too_low", () => api.send(ADDRESS, 50_000n, { feeSat: -1n }));
    const mostSat = 1_000_000n - SEND_FEE - 10_000n;
    await refusedWith("federation_short", withdraw(mostSat + 1n));
    const most = await assertRejects(withdraw(mostSat + 1n), WalletError);
    assert(errorText(most).includes(`it can pay ${mostSat} sat at most with a fee of 228 sat`), errorText(most));
    await client.setBalance(20_000_000n);
    await refusedWith("insufficient_funds", withdraw(20_000n));
    assertEquals(await client.events(), []);
    assertEquals(await client.balanceMsat(), 20_000_000n);
    await client.setBalance(5_000_000_000n);
    const operationId = await withdraw(mostSat)();
    assertEquals((await client.until(api.awaitSend(operationId))).outcome, "success", "to the satoshi");
    assertEquals((await signedTransactions(wallet)).length, 1);
  }));

Deno.test("a fee above a tenth of the amount is refused unless it is wanted", () =>
  withBalance(5_000_000_000n, async (client) => {
    const { wallet: api } = client;
    const paid: bigint[] = [];
    // without a block each costs about twice as much as the one before
    for (;;) {
      const quote = await client.until(api.quoteWithdraw(ADDRESS, 20_000n));
      if (quote.isFeeHigh) break;
      const operationId = await client.until(api.withdraw(ADDRESS, 20_000n));
      assertEquals((await client.until(api.awaitSend(operationId))).outcome, "success");
      paid.push(quote.feeSat);
    }
    assert(paid.every((feeSat) => feeSat <= 2_000n) && paid.length >= 3, `${paid}`);
    const { feeSat, pending } = await client.until(api.quoteWithdraw(ADDRESS, 20_000n));
    assertEquals(pending, paid.length);
    const error = await assertRejects(() => client.until(api.withdraw(ADDRESS, 20_000n)), WalletError);
    assertEquals(error.code, "fee_high");
    assertEquals(
      errorText(error),
      `The on-chain fee is a large part of the amount: ${feeSat} sat for 20000 sat, with ${pending} transactions of the ` +
        "federation waiting for a block",
    );
    const refused = await assertRejects(() => client.command("send", ADDRESS, "20000 sat"), WalletError);
    assertEquals(refused.code, "fee_high");
    assertEquals((await client.events("payment-send")).length, paid.length);
    assert("Success" in (await client.command("send", ADDRESS, "20000 sat", "--fee", `${feeSat} sat`) as object));
    const wanted = await client.until(api.withdraw(ADDRESS, 20_000n, { highFee: true }));
    assertEquals((await client.until(api.awaitSend(wanted))).outcome, "success");
  }));

Deno.test("the most that can be sent is found to the satoshi", async () => {
  const least = 10_000n, feeSat = SEND_FEE;
  const costMsat = (valueSat: bigint) => (valueSat + feeSat) * 1000n + ITEM_FEES_MSAT;
  for (const extra of [0n, 1n, 2n, 99n, 100n, 12_345n, 489_772n]) {
    for (const msat of [0n, 999n]) {
      await withBalance(costMsat(least + extra) + msat, async (client) => {
        assertEquals(await client.until(client.wallet.maxSendable(feeSat)), least + extra);
      });
    }
  }
  await withBalance(costMsat(least) - 1n, async (client) => {
    await refusedWith("insufficient_funds", () => client.until(client.wallet.maxSendable(feeSat)));
    assertEquals(await client.balanceMsat(), costMsat(least) - 1n, "trials change nothing");
  });
});

Deno.test("all of a balance is sent only as far as the federation itself can pay and keep what is no dust", async () => {
  const mostSat = 1_000_000n - SEND_FEE - 10_000n;
  await withBalance(5_000_000_000n, async (client, _, wallet) => {
    assertEquals(await client.until(client.wallet.maxPayable(SEND_FEE)), mostSat);
    assertEquals(await client.until(client.wallet.maxSendable(SEND_FEE)), mostSat);
    assert("Success" in (await client.command("send", ADDRESS, "all") as { Success: string }), "guardians accept it");
    const [tx] = await signedTransactions(wallet);
    assertEquals(tx!.outputs.map(({ valueSat }) => valueSat), [10_000n, mostSat]);
    const short = await assertRejects(() => client.until(client.wallet.maxSendable(SEND_FEE)), WalletError);
    assertEquals(short.code, "federation_short");
    assertEquals(
      errorText(short),
      "The federation holds too little bitcoin on chain to pay anything out: it has 10000 sat, must keep 10000 sat, " +
        "and the least payment is 10000 sat with a fee of 228 sat",
    );
    assertEquals((await client.events("payment-send")).length, 1);
  });
});

Deno.test("of more money than the notes of one transaction are worth, all is what one transaction sends; more is told to be sent in several", async () => {
  const atOnceMsat = 500_000_000n;
  await withBalance(900_000_000n, async (client) => {
    await client.setAtOnce(atOnceMsat);
    const mostSat = (atOnceMsat - ITEM_FEES_MSAT) / 1000n - SEND_FEE;
    assertEquals(await client.until(client.wallet.maxSendable(SEND_FEE)), mostSat);
    for (const amountSat of [mostSat + 1n, 800_000n]) {
      await refusedWith("too_many_notes", () => client.until(client.wallet.quoteWithdraw(ADDRESS, amountSat)));
      await refusedWith("too_many_notes", () => client.until(client.wallet.send(ADDRESS, amountSat)));
    }
    assertEquals(await client.balanceMsat(), 900_000_000n);
    assert("Success" in (await client.command("send", ADDRESS, "all") as { Success: string }));
  });
});

Deno.test("the least amount is all that a federation can pay, or nothing is", async () => {
  for (const [heldSat, expected] of [[20_228n, 10_000n], [20_227n, null], [null, null]] as const) {
    await withBalance(500_000_000n, async (client, federation) => {
      const held = heldSat === null
        ? null
        : { value: heldSat, outpoint: `${"ab".repeat(32)}:0`, tweak: "cd".repeat(32) };
      for (const peer of [0, 1, 2]) federation.lies.set(`${peer} module_${WALLET}_federation_wallet`, held);
      const most = client.until(client.wallet.maxSendable(SEND_FEE));
      if (expected === null) await refusedWith("federation_short", () => most);
      else assertEquals(await most, expected);
    });
  }
});
