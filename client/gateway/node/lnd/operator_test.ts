/** What operators do with an LND. */
import { assertEquals } from "@std/assert";
import { fromHex } from "../../../../core/bytes.ts";
import { found, refused } from "./testing/fake_lnd.ts";
import { CHANNELS, world } from "./testing/lab.ts";
import * as recorded from "./testing/recorded.ts";

Deno.test("channels are shown without the reserve, LND's complaints instead of a name, and fees it has none for yet", async () => {
  const { lnd, node } = world();
  const peer = "021f83eb1498d73b03331dbea70860496d891f12d903d4579a59bc6fa85d2eaf4c";
  const fees = `{"channel_fees":[{"chan_id":"128642860515328", "base_fee_msat":"1000", "fee_per_mil":"1"}]}`;
  lnd.on(CHANNELS, found(recorded.channels())).on(/peers/, found(`{"peers":[{"pub_key":"${peer}", "address":"a:1"}]}`));
  lnd.on(/\/v1\/fees/, found(fees));
  const channel = {
    remoteKey: fromHex(peer),
    remoteAlias: null,
    remoteAddress: "a:1",
    sizeSats: 10_000_000n,
    outboundMsat: 4_896_530_000n,
    inboundMsat: 4_900_000_000n,
    isActive: true,
    funding: { txid: "5574e1db68cace5240751611610adcd5e270457bbb94fd924c562c2e3228872c", output: 0 },
  };
  assertEquals(await node.operator.channels(), [{ ...channel, baseFeeMsat: 1_000n, partsPerMillion: 1n }]);
  lnd.on(/\/v1\/fees/, refused(2, "no policy for outgoing channel 280375465148416 "));
  assertEquals(await node.operator.channels(), [{ ...channel, baseFeeMsat: null, partsPerMillion: null }]);
});

Deno.test("a channel is opened as LND would by itself, but for what is asked for", async () => {
  const { lnd, node } = world(), publicKey = fromHex("02".repeat(33)), host = "a:9735";
  lnd.on(/^GET \/v1\/peers/, found(`{"peers":[]}`)).on(/^POST \/v1\/peers/, found("{}"));
  lnd.on(/^POST \/v1\/channels/, found(`{"funding_txid_bytes":"${btoa("\x01".repeat(31) + "\x02")}"}`));
  const channel = { publicKey, host, sizeSats: 50_000n, pushSats: 0n };
  assertEquals(await node.operator.openChannel(channel), "02" + "01".repeat(31));
  await node.operator.openChannel({ ...channel, feerateSatPerVbyte: 7, baseFeeMsat: 0n, partsPerMillion: 250n });
  const opened = lnd.requests.filter((request) => request.startsWith("POST /v1/channels"));
  const plain = { node_pubkey: btoa("\x02".repeat(33)), local_funding_amount: "50000", push_sat: "0" };
  const fees = { sat_per_vbyte: "7", base_fee: "0", use_base_fee: true, fee_rate: "250", use_fee_rate: true };
  assertEquals(opened.map((request) => JSON.parse(request.slice("POST /v1/channels ".length))), [
    plain,
    { ...plain, ...fees },
  ]);
});
