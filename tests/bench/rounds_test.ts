import { assertEquals, assertThrows } from "@std/assert";
import { RoundsCount, roundsOfMetrics, roundsPerSecond } from "./rounds.ts";

Deno.test("rounds by an official guardian's metrics are what it sent to the guardian that it sent most", () => {
  const text = [
    "# HELP fm_peer_messages_total Messages with peers",
    'fm_peer_messages_total{direction="incoming",peer_id="1",self_id="0"} 900',
    'fm_peer_messages_total{direction="outgoing",peer_id="1",self_id="0"} 410',
    'fm_peer_messages_total{direction="outgoing",peer_id="2",self_id="0"} 412',
    'fm_peer_connect_total{direction="outgoing",peer_id="2",self_id="0"} 5000',
    "",
  ].join("\n");
  assertEquals(roundsOfMetrics(text), 412);
  assertThrows(() => roundsOfMetrics(""), Error, "no messages");
});

Deno.test("rounds a second are what came between two looks", () => {
  assertEquals(roundsPerSecond({ rounds: 190, atMs: 1_000 }, { rounds: 230, atMs: 3_000 }), 20);
});

Deno.test("rounds are counted on when the guardian was started again", () => {
  const count = new RoundsCount({ rounds: 196, atMs: 1_000 });
  for (const [rounds, atMs] of [[201, 1_400], [216, 1_900], [0, 2_000], [10, 3_000]] as const) {
    count.add({ rounds, atMs });
  }
  assertEquals(count.perSecond, 15);
});
