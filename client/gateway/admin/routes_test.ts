/** Routes and roles of gatewayd 0.13.0 (`rpc_server.rs`, `LIQUIDITY_MANAGER_ROUTES`), and bodies as it takes them. */
import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError } from "../../../core/encoding/mod.ts";
import { connectivityOf } from "../federation_status.ts";
import { openChannel } from "./payloads.ts";
import type { AdminEnv } from "./routes.ts";
import { ADMIN_ROUTES } from "./routes.ts";

const FOR_LIQUIDITY = [
  "/address",
  "/address_recheck",
  "/balances",
  "/close_channels_with_peer",
  "/config",
  "/connect_peer",
  "/create_bolt11_invoice_for_operator",
  "/create_bolt12_offer_for_operator",
  "/get_invoice",
  "/get_ln_onchain_address",
  "/info",
  "/invite_codes",
  "/list_channels",
  "/list_transactions",
  "/open_channel",
  "/payment_log",
  "/payment_summary",
  "/pegin_from_onchain",
  "/set_channel_fees",
  "/set_fees",
  "/set_payment_policy",
  "/withdraw_to_onchain",
];
const FOR_ADMIN_ALONE = [
  "/backup",
  "/connect_fed",
  "/leave_fed",
  "/mnemonic",
  "/open_channel_with_push",
  "/pay_invoice_for_operator",
  "/pay_offer_for_operator",
  "/send_onchain",
  "/spend_ecash",
  "/stop",
  "/withdraw",
];

Deno.test("operators' routes are gatewayd's, and so is who may ask them", () => {
  const paths = (isForLiquidity: boolean) =>
    Object.entries(ADMIN_ROUTES).filter(([, routes]) =>
      routes.every(({ forLiquidity }) => forLiquidity === isForLiquidity)
    ).map(([path]) => path).sort();
  assertEquals(paths(true), FOR_LIQUIDITY);
  assertEquals(paths(false), FOR_ADMIN_ALONE);
});

Deno.test("fees of a new channel are numbers, their texts, or left out as a form leaves them", () => {
  const pubkey = "02" + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
  const body = { pubkey, host: "a:9735", channel_size_sats: 100_000, push_amount_sats: 0 };
  const fees = (more: Parameters<typeof Object.assign>[1]) => {
    const { feeRateSatsPerVbyte, baseFeeMsat, partsPerMillion } = openChannel.fromJson({ ...body, ...more });
    return [feeRateSatsPerVbyte, baseFeeMsat, partsPerMillion];
  };
  assertEquals(fees({}), [null, null, null]);
  assertEquals(fees({ fee_rate_sats_per_vbyte: null, base_fee_msat: " ", parts_per_million: "" }), [null, null, null]);
  assertEquals(fees({ fee_rate_sats_per_vbyte: "7", base_fee_msat: 0, parts_per_million: " 250 " }), [7, 0n, 250n]);
  for (const bad of ["x", "-1", "1.5", 2 ** 32, -1]) {
    assertThrows(() => fees({ base_fee_msat: bad }), DecodeError);
  }
});

Deno.test("a federation is degraded when fewer guardians are connected than it takes", () => {
  const links = (connected: number) =>
    Array.from({ length: 4 }, (_, i) => i < connected ? "connected" as const : "connecting" as const);
  assertEquals([0, 1, 2, 3, 4].map((count) => connectivityOf(links(count))), [
    "disconnected",
    "degraded",
    "degraded",
    "connected",
    "connected",
  ]);
});

Deno.test("e-cash of so many notes that it is several texts is answered whole", async () => {
  const answer = async (further: readonly string[]) => {
    const wallet = { spend: () => Promise.resolve({ ecash: "fedimint1", further }) };
    const env = { gateway: { federations: { served: () => Promise.resolve({ wallet }) } } } as unknown as AdminEnv;
    const body = JSON.stringify({ federation_id: "ab".repeat(32), amount: 1_000 });
    const headers = { "content-type": "application/json" };
    return await ADMIN_ROUTES["/spend_ecash"]![0]!.answer(
      env,
      new Request("http://gw", { method: "POST", headers, body }),
    );
  };
  assertEquals(await answer([]), { notes: "fedimint1" });
  assertEquals(await answer(["fedimint2", "fedimint3"]), { notes: ["fedimint1", "fedimint2", "fedimint3"] });
});
