/** Forwards that LND hands over. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { settle } from "../../../../actors/testing/manual_clock.ts";
import { NodeError } from "../node.ts";
import { PREIMAGE, world } from "./testing/lab.ts";
import * as recorded from "./testing/recorded.ts";

const FORWARD = {
  incoming_circuit_key: { chan_id: "128642860515328", htlc_id: "7" },
  incoming_amount_msat: "50100",
  incoming_expiry: 300,
  payment_hash: recorded.HASH,
  outgoing_requested_chan_id: "18446744073709551615",
  outgoing_amount_msat: "50000",
  outgoing_expiry: 260,
  custom_records: {},
  onion_blob: "AA==",
  auto_fail_height: 287,
};

Deno.test("forwards go through the decision, with numbers of 64 bits, and end with the connection", async () => {
  const { lnd, node } = world(), stop = new AbortController(), asked: bigint[] = [];
  const answers = [{ tag: "settle", preimage: PREIMAGE }, { tag: "fail" }, { tag: "resume" }] as const;
  const run = () =>
    node.interceptor!.run((forward) => {
      asked.push(forward.outgoingChannel);
      return Promise.resolve(answers[asked.length - 1]!);
    }, stop.signal);
  const running = run();
  await settle();
  const socket = lnd.sockets[0]!;
  assertEquals(lnd.requests, ["SOCKET /v2/router/htlcinterceptor?method=POST "]);
  for (let i = 0; i < 3; i++) socket.push(JSON.stringify({ result: FORWARD }));
  await settle();
  assertEquals(asked, Array(3).fill(2n ** 64n - 1n));
  const key = { chan_id: "128642860515328", htlc_id: "7" };
  assertEquals(socket.sent.map((text) => JSON.parse(text)), [
    { incoming_circuit_key: key, action: "SETTLE", preimage: recorded.PREIMAGE },
    { incoming_circuit_key: key, action: "FAIL", failure_code: "TEMPORARY_CHANNEL_FAILURE" },
    { incoming_circuit_key: key, action: "RESUME" },
  ]);
  socket.push(null);
  assertEquals((await assertRejects(() => running, NodeError)).code, "unreachable");
  const again = run();
  await settle();
  lnd.sockets[1]!.push(JSON.stringify({ error: { code: 2, message: "interceptor already exists" } }));
  assertEquals((await assertRejects(() => again, NodeError)).code, "refused");
  const third = run();
  await settle();
  stop.abort(new Error("enough"));
  assertEquals((await assertRejects(() => third, Error)).message, "enough");
  assert(lnd.sockets.every(({ isOver }) => isOver));
});

Deno.test("a decision that fails ends the run and is told, and answers nothing", async () => {
  const { lnd, node } = world();
  const running = node.interceptor!.run(() => Promise.reject(new Error("a bug")), new AbortController().signal);
  await settle();
  lnd.sockets[0]!.push(JSON.stringify({ result: FORWARD }));
  assertEquals((await assertRejects(() => running, Error)).message, "a bug");
  assertEquals(lnd.sockets[0]!.sent, []);
});
