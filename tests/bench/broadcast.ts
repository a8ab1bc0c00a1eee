/**
 * How fast guardians order units: all of them in one thread, with real signatures, a disk and a wire that take no time.
 * Signatures are what it can't do without: each unit is signed once and checked by every other guardian. The ratio is
 * against these alone.
 */
import type { Keychain } from "../../server/broadcast/keychain.ts";
import { fedimintDelays } from "../../server/broadcast/delays.ts";
import { realKeychains, Simulation } from "../../server/broadcast/testing/network.ts";
import type { UnitData } from "../../server/broadcast/graph/unit.ts";

type Line = { name: string; value: string; ratio?: number };

const RUN_MS = 2_000;
const SIGNATURES = 200;

/** Milliseconds for the signatures of one unit. */
function signaturesMs(keychains: readonly Keychain[]): number {
  const [own, other] = keychains;
  const message = new Uint8Array(32);
  const startedMs = performance.now();
  for (let i = 0; i < SIGNATURES; i++) {
    message[0] = i;
    const signature = own!.sign(message);
    for (let peer = 1; peer < keychains.length; peer++) other!.verify(0, message, signature);
  }
  return (performance.now() - startedMs) / SIGNATURES;
}

function benchPeers(keychains: readonly Keychain[], batchBytes: number): Line {
  const peers = keychains.length;
  const data: UnitData = { kind: "batch", bytes: new Uint8Array(batchBytes) };
  const net = new Simulation({
    keychains,
    seed: 1,
    roundMax: 60_000,
    delays: fedimintDelays({ roundDelayMs: 1, roundsPerSession: 60_000, testEnvironment: false }),
    wireMs: [0, 0],
    diskMs: [0, 0],
    data: () => data,
    isWatched: false,
  });
  net.startAll();
  const before = signaturesMs(keychains);
  const startedMs = performance.now();
  while (performance.now() - startedMs < RUN_MS) net.run(1);
  const elapsedMs = performance.now() - startedMs;
  const signatures = (before + signaturesMs(keychains)) / 2;
  const units = Math.min(...net.guardians.map(({ ordered }) => ordered.length));
  const perSecond = units * 1_000 / elapsedMs;
  return {
    name: `${peers} guardians in one thread, units of ${batchBytes} bytes`,
    value: `${perSecond.toFixed(0)} units/s, ${(perSecond / peers).toFixed(0)} rounds/s`,
    ratio: elapsedMs / units / signatures,
  };
}

/** A guardian alone does a `peers`-th of the work; a federation makes 20 rounds a second. */
// deno-lint-ignore require-await -- all benches are asked in the same way
export async function benchBroadcast(): Promise<Line[]> {
  return [4, 7].flatMap((peers) => {
    const keychains = realKeychains(peers);
    return [benchPeers(keychains, 200), benchPeers(keychains, 25_000)];
  });
}
