/** The gateway's port: what everybody may ask, what operators may, and what is refused, with the official errors. */
import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../core/bytes.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { isJsonObject, parseJson } from "../../core/encoding/mod.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { routingInfo } from "../../modules/lnv2/gateway_api.ts";
import { runGatewayCli } from "../../client/gateway/cli/cli.ts";
import type { ServedFederation } from "../../client/gateway/federations.ts";
import { ECASH_REFUSED_OF_SOURCE, REQUESTS_OF_PROXY } from "../../client/gateway/limits.ts";
import type { Ecash } from "../../modules/mintv2/ecash.ts";
import { ecashMint, ecashNotes, formatEcash, makeEcash, parseEcash } from "../../modules/mintv2/ecash.ts";
import { invoicePayload } from "./invoice_payload.ts";
import { LightningWorld, PASSWORDS } from "./lightning.ts";

const { admin, liquidityManager } = PASSWORDS;

async function bothFederations(world: LightningWorld): Promise<string[]> {
  return (await world.gateway.federations.all()).map(({ federationId }) => federationId);
}

function objectOf(text: string): JsonObject {
  const json = parseJson(text);
  assert(isJsonObject(json));
  return json;
}

Deno.test("strangers are told prices and get invoices for sound contracts alone, at a rate; what is wrong is told as gatewayd tells it", async () => {
  const world = await LightningWorld.start({ seed: 11, total: 1 });
  await world.here.play(async () => {
    const [id] = await bothFederations(world);
    // at the root and under v1 alike
    for (const route of ["/routing_info", "/v1/routing_info"]) {
      const { status, text } = await world.ask(route, { body: `"${id}"` });
      const info = routingInfo.fromJson(parseJson(text));
      assertEquals([status, info.receiveEnabled, info.lightningAlias], [200, true, "gateway"]);
      assertEquals(info.sendFeeDefault, { base: 4_000n, partsPerMillion: 6_000n });
      assertEquals(info.sendFeeMinimum, { base: 2_000n, partsPerMillion: 3_000n });
    }
    assertEquals(await world.ask("/routing_info", { body: `"${"ab".repeat(32)}"` }), {
      status: 400,
      text: "No federation available for prefix abababab",
    });
    for (
      const [body, type, status] of [
        ["{", "application/json", 400],
        ["1", "application/json", 422],
        [`"${id}"`, "text/plain", 415],
        [`"${"a".repeat(70_000)}"`, "application/json", 413],
      ] as const
    ) assertEquals((await world.ask("/routing_info", { body, type })).status, status);
    assertEquals((await world.ask("/routing_info")).status, 405);
    assertEquals((await world.ask("/nothing")).status, 404);

    const failed = { status: 500, text: "LNv2 operation failed, please contact gateway operator" };
    const point = { tag: "Point", value: publicKeyOf(new Uint8Array(32).fill(3)) } as const;
    const wrong = [
      // another contract than the ciphertext was made for
      await invoicePayload(world, { boundTo: { amount: 1n } }),
      await invoicePayload(world, { terms: { refundPk: publicKeyOf(new Uint8Array(32).fill(2)) } }),
      await invoicePayload(world, { terms: { amount: 9_968_001n } }),
      await invoicePayload(world, { terms: { amount: 9_967_999n } }),
      await invoicePayload(world, { terms: { amount: 0n }, amount: 1n }),
      await invoicePayload(world, { terms: { expiration: 1n } }),
      await invoicePayload(world, { expirySecs: 86_401 }),
      await invoicePayload(world, { terms: { paymentImage: point } }),
    ];
    for (const body of wrong) assertEquals(await world.ask("/create_bolt11_invoice", { body }), failed);
    assertEquals(world.node.books.invoices.size, 0, "the node has not been asked for anything");

    const body = await invoicePayload(world, { expirySecs: 86_400 });
    const made = await world.ask("/create_bolt11_invoice", { body });
    const invoice = parseBolt11(parseJson(made.text) as string);
    assertEquals([invoice.amountMsat, invoice.expirySecs], [10_000_000n, 86_400n]);
    assertEquals(await world.ask("/create_bolt11_invoice", { body }), failed, "a hash is registered once");
    // LUD-21
    assertEquals(await world.ask(`/v1/verify/${invoice.paymentHash}`), {
      status: 200,
      text: `{"status":"OK","settled":false,"preimage":null}`,
    });
    assertEquals(await world.ask(`/verify/${"ab".repeat(32)}`), {
      status: 500,
      text: `{"status":"ERROR","reason":"Unknown payment hash"}`,
    });
    assertEquals((await world.ask("/verify/xyz")).status, 400);

    // ten were asked for by now, and one comes back each fifth of a second
    const statuses = new Map<number, number>();
    for (let ask = 0; ask < 60; ask++) {
      const { status } = await world.ask("/create_bolt11_invoice", { body });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    assert(statuses.get(429)! > 0 && statuses.get(500)! >= 40, [...statuses].join(" "));
  }, 3_600_000);
});

Deno.test("a gateway whose node is away, or is another one, takes no payment and makes no invoice", async () => {
  const world = await LightningWorld.start({ seed: 12, total: 1 });
  const { here } = world, alice = await world.person("alice", here);
  await here.play(async () => {
    const [id] = await bothFederations(world);
    const { clock } = here.world.process("admin").platform;
    const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimer(ms, resolve));
    world.node.stop();
    await wait(6_000);
    assertEquals(await world.ask("/routing_info", { body: `"${id}"` }), {
      status: 500,
      text: "Lightning Network operation failed",
    });
    const info = objectOf((await world.ask("/info", { password: admin })).text);
    assertEquals([info.gateway_state, info.lightning_info], ["Disconnected", "not_connected"]);
    world.node.start();
    await wait(6_000);
    const invoice = await world.outside.connect().operator.createInvoice({
      amountMsat: 1_000_000n,
      expirySecs: 600,
      description: "",
    });
    assertEquals(await alice.pay(invoice), "success");
  }, 3_600_000);
});

Deno.test("operators are known by their passwords: a second one is for liquidity alone, and strangers can't make the gateway hash", async () => {
  const world = await LightningWorld.start({ seed: 13, total: 1 });
  await world.here.play(async () => {
    const [here, there] = await bothFederations(world);
    assertEquals((await world.ask("/info")).status, 401);
    const info = objectOf((await world.ask("/v1/info", { password: admin })).text);
    assertEquals([info.gateway_state, info.lightning_mode], ["Running", "Simulated"]);
    assertEquals(info.federation_fake_scids, { "1": here!, "2": there! });
    assertEquals((await world.ask("/info", { password: liquidityManager })).status, 200);
    for (const route of ["/mnemonic", "/stop"]) {
      assertEquals((await world.ask(route, { password: liquidityManager })).status, 401);
    }
    for (const route of ["/leave_fed", "/spend_ecash", "/connect_fed", "/withdraw", "/pay_invoice_for_operator"]) {
      assertEquals((await world.ask(route, { password: liquidityManager, body: {} })).status, 401);
    }
    // what is named is told to everybody, and nothing else
    assertEquals(objectOf((await world.ask("/v1/federation_status", { body: { federation_id: here! } })).text), {
      federation_id: here!,
      federation_status: "served",
      connectivity: "connected",
      lnv1: { module_status: "absent" },
      lnv2: {
        module_status: "supported",
        consensus_version: { major: 1, minor: 0 },
        registration: { mode: "federation_managed" },
      },
    });
    const nobodys = "ab".repeat(32);
    assertEquals(await world.ask("/federation_status", { body: { federation_id: nobodys } }), {
      status: 200,
      text: `{"federation_id":"${nobodys}","federation_status":"unserved"}`,
    });
    assertEquals((await world.ask("/federation_status", { body: { federation_id: "ab" } })).status, 422);
    assertEquals(await world.ask("/mnemonic", { password: admin, body: { words: null } }), {
      status: 500,
      text: "There was an error with the Gateway's mnemonic: Gateway is not is NotConfigured state",
    });
    const offer = await world.ask("/create_bolt12_offer_for_operator", { password: admin, body: {} });
    assertEquals([offer.status, offer.text.startsWith("Lightning error: Bolt12 Error: ")], [500, true]);
    const { mnemonic } = objectOf((await world.ask("/mnemonic", { password: admin })).text);
    assertEquals((mnemonic as string[]).length, 12);
    const statuses: number[] = [];
    for (let ask = 0; ask < 20; ask++) {
      statuses.push((await world.ask("/info", { password: `wrong ${ask}` })).status);
    }
    assertEquals([statuses[0], statuses.at(-1)], [401, 429]);
    assertEquals((await world.ask("/info", { password: admin })).status, 200, "the right one is remembered");
    // e-cash may be given by everybody, and making it out costs the gateway and guardians: it is bounded as all else is
    let refused = 0;
    for (let ask = 0; ask < REQUESTS_OF_PROXY.burst + 1; ask++) {
      if ((await world.ask("/receive_ecash", { body: { notes: "none" } })).status === 429) refused++;
    }
    assert(refused > 0);
    const told = world.here.records.filter(({ level, process }) => level === "warn" && process === "gateway");
    assert(told.length > 0 && told.length < 50, `${told.length} lines`);
  }, 3_600_000);
});

/** What was given before is refused, in whatever text it comes again, and what stays of that is bounded. */
async function assertSpentLeavesLittle(world: LightningWorld, text: string): Promise<void> {
  const [{ wallet }] = await world.gateway.federations.all() as [ServedFederation];
  const count = async (): Promise<number> => (await wallet.operations({ limit: 1_000 })).length;
  const spent = parseEcash(text), notes = ecashNotes(spent), before = await count();
  const give = (ecash: Ecash, password?: string) =>
    world.ask("/receive_ecash", { body: { notes: formatEcash(ecash) }, ...(password && { password }) });
  for (let variant = 100n; variant < 105n; variant++) {
    const padded: Ecash = [...spent, { tag: "Default", value: { variant, bytes: new Uint8Array(10_000) } }];
    assertEquals((await give(padded)).status, 500);
  }
  assertEquals(await count(), before);
  assert(notes.length > 4, `${notes.length} notes`);
  const statuses: number[] = [];
  for (let set = 1; set <= 2 * ECASH_REFUSED_OF_SOURCE.burst; set++) {
    const some = notes.filter((_, i) => (set >> i & 1) === 1);
    statuses.push((await give(makeEcash(ecashMint(spent)!, some))).status);
  }
  assertEquals([statuses[0], statuses.at(-1)], [500, 429]);
  const after = await count();
  assert(after - before <= ECASH_REFUSED_OF_SOURCE.burst, `${after - before} operations`);
  // operators are no strangers
  assertEquals((await give(makeEcash(ecashMint(spent)!, notes.slice(1)), admin)).status, 500);
  await wallet.client.awaitIdle();
  assert(
    (await wallet.getPending()).inDoubtMsat > 0n,
    "nobody knows whose it was: and the federation is left all the same",
  );
}

Deno.test("operators set prices within the limits, switch receiving off, move e-cash, and leave a federation that owes nothing", async () => {
  const world = await LightningWorld.start({ seed: 14, total: 1 });
  await world.here.play(async () => {
    const [id] = await bothFederations(world), password = admin;
    const post = (route: string, body: JsonObject) => world.ask(route, { body, password });
    const fees = { federation_id: id!, lightning_base: 90_000, lightning_parts_per_million: 1 };
    assertEquals(await post("/set_fees", fees), { status: 200, text: "null" });
    assertEquals((await post("/set_fees", { ...fees, lightning_base: 98_001 })).status, 500);
    assertEquals((await post("/set_fees", { transaction_base: 50_001 })).status, 500);
    const told = routingInfo.fromJson(parseJson((await world.ask("/routing_info", { body: `"${id}"` })).text));
    assertEquals(told.sendFeeDefault, { base: 92_000n, partsPerMillion: 3_001n });

    assertEquals(await post("/set_payment_policy", { federation_id: id!, receive_enabled: false }), {
      status: 200,
      text: "null",
    });
    assertEquals(await world.ask("/create_bolt11_invoice", { body: await invoicePayload(world) }), {
      status: 400,
      text: `Receiving payments is disabled for federation ${id!.slice(0, 8)}`,
    });

    const { notes } = objectOf((await post("/spend_ecash", { federation_id: id!, amount: 1_000_000 })).text);
    // whoever has e-cash may give it
    const received = await world.ask("/receive_ecash", { body: { notes: notes! } });
    assertEquals(received.status, 200);
    assert(Number(objectOf(received.text).amount) >= 1_000_000);
    await assertSpentLeavesLittle(world, String(notes));

    const left = objectOf((await post("/leave_fed", { federation_id: id! })).text);
    assertEquals([left.federation_id, Number(left.balance_msat) > 0], [id!, true]);
    assertEquals((await world.ask("/routing_info", { body: `"${id}"` })).status, 400);
    assertEquals((await post("/leave_fed", { federation_id: id! })).status, 500);
    // its money was kept
    const again = objectOf((await post("/connect_fed", { invite_code: world.here.invite })).text);
    assertEquals(again.balance_msat, left.balance_msat);
    assertEquals((again.config as JsonObject).federation_index, 3);
    // a wallet that rests although it is served, or that failed, is taken back as well, and stays what it was
    await world.gateway.federations.wallets.leaveOut(id!);
    const back = objectOf((await post("/connect_fed", { invite_code: world.here.invite })).text);
    assertEquals([back.balance_msat, (back.config as JsonObject).federation_index], [left.balance_msat, 3]);
    assertEquals((await post("/connect_fed", { invite_code: world.here.invite })).status, 500);

    assertEquals(await world.ask("/stop", { password }), { status: 200, text: "null" });
    assertEquals(await world.gateway.ended, 0);
  }, 3_600_000);
});

Deno.test("a federation is left though invoices of it are open: nobody can pay them then", async () => {
  const world = await LightningWorld.start({ seed: 15, total: 1 });
  const alice = await world.person("alice", world.here), bob = await world.person("bob", world.there, 0n);
  await world.here.play(async () => {
    const [, there] = await bothFederations(world);
    const outside = world.outside.connect(), limits = { feeLimitMsat: 1_000_000n, cltvLimit: 1_000 };
    const asked = () => bob.lightning.receive(10_000_000n, { gateway: world.gatewayUrl });
    const taken = await asked(), swapped = await asked(), open = await asked();
    assertEquals((await outside.pay({ invoice: parseBolt11(taken.invoice), ...limits })).ok, true);
    assertEquals((await bob.lightning.awaitReceive(taken.operationId)).outcome, "claimed");
    assertEquals(await alice.pay(swapped.invoice), "success");
    assertEquals((await bob.lightning.awaitReceive(swapped.operationId)).outcome, "claimed");
    for (const { wallet } of await world.gateway.federations.all()) await wallet.client.awaitIdle();
    const left = await world.ask("/leave_fed", { password: admin, body: { federation_id: there! } });
    assertEquals([left.status, objectOf(left.text).federation_id], [200, there!]);
    for (const { invoice } of [swapped, open]) {
      assertEquals((await outside.pay({ invoice: parseBolt11(invoice), ...limits })).ok, false);
    }
  }, 7_200_000);
});

Deno.test("gateway cli has gateway-cli's commands, prints the answers wrapped as it does, and fails with its codes", async () => {
  const world = await LightningWorld.start({ seed: 16, total: 1 });
  const { platform } = world.here.world.process("operator"), url = world.gatewayUrl;
  const run = async (...args: readonly string[]) => {
    const { output, exit } = await runGatewayCli({ platform, args: ["-a", url, "--rpcpassword", admin, ...args] });
    return { exit, json: output === "" ? null : parseJson(output) };
  };
  await world.here.play(async () => {
    const [id] = await bothFederations(world);
    const { json: info } = await run("info");
    assertEquals(
      (info as JsonObject).federation_fake_scids,
      objectOf((await world.ask("/info", { password: admin })).text)
        .federation_fake_scids!,
    );
    assertEquals(await run("cfg", "set-fees", "--federation-id", id!, "--ln-base", "3 sat", "--tx-ppm", "7"), {
      exit: 0,
      json: null,
    });
    const [prices] = (await run("cfg", "display", "--federation-id", id!)).json as unknown as [JsonObject];
    assertEquals(prices.lightning_fee, { base: 3_000, parts_per_million: 3_000 });
    assertEquals(prices.transaction_fee, { base: 2_000, parts_per_million: 7 });
    const { json: invoice } = await run("lightning", "create-invoice", "5000", "--description", "tea");
    assertEquals(parseBolt11((invoice as { invoice: string }).invoice).amountMsat, 5_000n);
    const { json: sent } = await run("ecash", "send", "100000", "--federation-id", id!);
    const { json: taken } = await run("ecash", "receive", "--notes", (sent as { notes: string }).notes);
    assert(Number((taken as JsonObject).amount) >= 100_000);
    world.node.books.onchainSats = 1_000_000n;
    const channel = ["--pubkey", toHex(world.outside.publicKey), "--host", "outside", "--channel-size-sats", "100000"];
    const opened = await run(
      "lightning",
      "open-channel",
      ...channel,
      "--base-fee-msat",
      "5",
      "--parts-per-million",
      "6",
    );
    assertEquals(Object.keys(opened.json as JsonObject), ["funding_txid"]);
    const listed = (await run("lightning", "list-channels")).json as unknown as readonly JsonObject[];
    assertEquals([listed.at(-1)!.base_fee_msat, listed.at(-1)!.parts_per_million], [5, 6]);
    assertEquals((await run("lightning", "pay-offer", "--offer", "lno1x")).exit, 1);
    const paid = await world.outside.connect().operator.createInvoice({
      amountMsat: 5_000_000n,
      expirySecs: 60,
      description: "",
    });
    assertEquals(Object.keys((await run("lightning", "pay-invoice", paid)).json as JsonObject), ["preimage"]);

    // for people: tables on a terminal, the same as JSON else
    const shown = await runGatewayCli({
      platform,
      args: ["-a", url, "--rpcpassword", admin, "status"],
      isTerminal: true,
    });
    assertEquals([shown.exit, shown.output.includes(id!.slice(0, 16))], [0, true]);
    assertEquals((await run("status")).json, (await run("info")).json);
    assertEquals((await run("balances")).json, (await run("get-balances")).json);
    assertEquals((await run("payments", "--limit", "3")).json, []);
    const several = await run("deposit");
    assertEquals([several.exit, (several.json as JsonObject).code], [4, "invalid_input"]);
    const noRate = await run("deposit", "--federation", id!, "--amount", "10000 sat");
    assertEquals([noRate.exit, String((noRate.json as JsonObject).error).includes("--fee-rate")], [4, true]);

    const wrongPassword = await runGatewayCli({ platform, args: ["-a", url, "--rpcpassword", "x", "info"] });
    assertEquals([wrongPassword.exit, objectOf(wrongPassword.output).code], [3, "auth_failed"]);
    const nobody = await runGatewayCli({ platform, args: ["-a", "http://nobody:1", "info"] });
    assertEquals([nobody.exit, objectOf(nobody.output).code], [2, "connection_failed"]);
    const tooHigh = await run("cfg", "set-fees", "--ln-base", "100000000");
    assertEquals([tooHigh.exit, (tooHigh.json as JsonObject).cause], [1, "Total Send fees exceeded 100 sat,15000"]);
    const badNumber = await run("lightning", "create-invoice", "a lot");
    assertEquals([badNumber.exit, (badNumber.json as JsonObject).code], [4, "invalid_input"]);
    const halfASat = await run(
      "onchain",
      "send",
      "--address",
      "x",
      "--amount",
      "500",
      "--fee-rate-sats-per-vbyte",
      "1",
    );
    assertEquals([halfASat.exit, (halfASat.json as JsonObject).code], [4, "invalid_input"]);
  }, 3_600_000);
});
