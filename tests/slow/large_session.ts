/** A guardian that was away while a session grew larger than any answer of the protocol: whole processes, real links and APIs. */
import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../core/bytes.ts";
import { SimulatedFederation } from "../simulation/federation.ts";

const AWAY = 3;
/** Values of one guardian, each as large as a unit takes. */
const VALUES = 40, VALUE_BYTES = 49_000;
/** Hex of more doesn't fit into an answer. */
const LARGE_BYTES = 10_485_760 / 2;

Deno.test("a guardian that was away during a session of more than 5 MB, and one whose database is gone, get it from the others", async () => {
  const federation = await SimulatedFederation.start({ seed: 21, modules: ["meta"], roundsPerSession: 160 });
  await federation.world.run({ forMs: 1_000 });
  federation.kill(AWAY);
  for (let key = 0; key < VALUES; key++) {
    for (let peer = 0; peer < AWAY; peer++) {
      const value = toHex(new Uint8Array(VALUE_BYTES).fill(peer + 1));
      await federation.call(peer, "module_0_submit", { key, value });
    }
    await federation.world.run({ forMs: 100 }); // what a caller may ask for grows with time
  }
  await federation.world.run({ forMs: 9_000 });
  const largest = Math.max(...(await federation.sessionsOf(0)).map((outcome) => outcome.length / 2));
  assert(largest > LARGE_BYTES, `an answer holds ${largest} bytes`);
  const finished = (await federation.sessionsOf(0)).length;

  await federation.restart(AWAY);
  await federation.world.run({ forMs: 5_000 });
  const expectEqual = async () => {
    const [own, theirs] = [await federation.sessionsOf(AWAY), await federation.sessionsOf(0)];
    assert(own.length > finished, "it goes on with the others");
    assertEquals(own.map((outcome, i) => outcome === theirs[i]), own.map(() => true));
  };
  await expectEqual();
  const inPieces = () =>
    federation.records.filter(({ process, message }) =>
      process === `g${AWAY}` && message.startsWith("Taking the session")
    ).length;
  const before = inPieces();
  assert(before > 0);

  federation.kill(AWAY);
  await federation.restartEmpty(AWAY);
  await federation.world.run({ forMs: 8_000 });
  await expectEqual();
  assert(inPieces() > before);
});
