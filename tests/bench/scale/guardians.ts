/**
 * Guardians of a federation in one thread: what a round costs each of them. Each round every guardian makes a unit and
 * checks everybody else's, so a round may cost as many times as much as there are others.
 */
import { fedimintDelays } from "../../../server/broadcast/delays.ts";
import type { Keychain } from "../../../server/broadcast/keychain.ts";
import { realKeychains, Simulation } from "../../../server/broadcast/testing/network.ts";
import type { ScaleCase } from "./point.ts";
import { spent } from "./point.ts";

/** Virtual time: some hundred rounds. */
const RUN_MS = 5_000;

type Work = { signed: number; checked: number };

function counted(keychain: Keychain, work: Work): Keychain {
  return {
    index: keychain.index,
    sign: (message) => {
      work.signed++;
      return keychain.sign(message);
    },
    verify: (index, message, signature) => {
      work.checked++;
      return keychain.verify(index, message, signature);
    },
  };
}

export const guardians: ScaleCase = {
  title: "rounds in which nothing is ordered, a guardian",
  sizeOf: "guardians",
  item: "round",
  sizes: [4, 7, 10, 13],
  expected: (total) => total - 1,
  measure: async (size) => {
    const work: Work = { signed: 0, checked: 0 };
    const sent = { messages: 0, bytes: 0 };
    const net = new Simulation({
      keychains: realKeychains(size).map((keychain) => counted(keychain, work)),
      seed: 1,
      roundMax: 60_000,
      delays: fedimintDelays({ roundDelayMs: 50, roundsPerSession: 60_000, testEnvironment: false }),
      isWatched: false,
      tamper: (_from, _to, bytes) => {
        sent.messages++;
        sent.bytes += bytes.length;
        return bytes;
      },
    });
    net.startAll();
    // deno-lint-ignore require-await -- it is asked as work that takes its time
    const { cpuMs, bytes } = await spent(async () => net.run(RUN_MS));
    // a unit of each guardian a round
    const items = Math.min(...net.guardians.map(({ ordered }) => ordered.length));
    return {
      size,
      items,
      cpuMs,
      bytes,
      counts: { signatures: work.signed, checks: work.checked, messages: sent.messages, "bytes sent": sent.bytes },
    };
  },
};
