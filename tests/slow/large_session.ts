/**
 * A guardian that was away while a session grew larger than any answer of the protocol: whole processes, real links and
 * APIs.
 */
import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../core/bytes.ts";
import { SimulatedFederation } from "../simulation/federation.ts";

const AWAY = 3;
/** Values of one guardian, each as large as a unit takes. */
const VALUES = 30, VALUE_BYTES = 49_000;
/**
 * Of three guardians the last one may find but one that has the session, and then waits a minute before it fetches it.
 */
const PATIENCE_S = 100;
/** More doesn't fit into an answer, in whatever form. */
const LARGE_BYTES = 10_485_760 / 4 * 3;

Deno.test("a guardian that was away during a session of more than 8 MB, and one whose database is gone, get it from the others", async () => {
  const federation = await SimulatedFederation.start({ seed: 21, modules: ["meta"], roundsPerSession: 100 });
  await federation.world.run({ forMs: 1_000 });
  federation.kill(AWAY);
  for (let key = 0; key < VALUES; key++) {
    for (let peer = 0; peer < AWAY; peer++) {
      const value = toHex(new Uint8Array(VALUE_BYTES).fill(peer + 1));
      await federation.call(peer, "module_0_submit", { key, value });
    }
    await federation.world.run({ forMs: 100 }); // what a caller may ask for grows with time
  }
  let largest = 0;
  for (let second = 0; second < PATIENCE_S && largest <= LARGE_BYTES; second++) {
    await federation.world.run({ forMs: 1_000 });
    largest = Math.max(0, ...(await federation.sessionsOf(0)).map((outcome) => outcome.length / 2));
  }
  assert(largest > LARGE_BYTES, `an answer holds ${largest} bytes`);
  const finished = (await federation.sessionsOf(0)).length;

  const expectCaughtUp = async () => {
    let own: string[] = [];
    for (let second = 0; second < PATIENCE_S && own.length <= finished; second++) {
      await federation.world.run({ forMs: 1_000 });
      own = await federation.sessionsOf(AWAY);
    }
    assert(own.length > finished, "it goes on with the others");
    const theirs = await federation.sessionsOf(0);
    assertEquals(own.map((outcome, i) => outcome === theirs[i]), own.map(() => true));
  };
  const inPieces = () =>
    federation.records.filter(({ process, message }) =>
      process === `g${AWAY}` && message.startsWith("Taking the session")
    ).length;
  await federation.restart(AWAY);
  await expectCaughtUp();
  const before = inPieces();
  assert(before > 0);

  federation.kill(AWAY);
  await federation.restartEmpty(AWAY);
  await expectCaughtUp();
  assert(inPieces() > before);
});
