/** A guardian that was away for long: what a session takes that it gets from the others. */
import { openMemoryStore } from "../../../actors/store/mod.ts";
import type { AcceptedItem, SignedSessionOutcome } from "../../../core/types/session.ts";
import { finishedSessions } from "../../../server/consensus/store/db.ts";
import { putSession, sessionHeader } from "../../../server/consensus/testing/db.ts";
import { Federation } from "../../../server/consensus/testing/federation.ts";
import { dealtKeychains, vote } from "../../../server/consensus/testing/processing.ts";
import type { ScaleCase } from "./point.ts";
import { spent } from "./point.ts";

const GUARDIANS = 4;
const THRESHOLD = 3;
/** Of virtual time: a session takes some tenths of a second. */
const SESSION_MS_MAX = 10_000;

/** Sessions with a vote each that nobody else casts, signed by all but the one that was away. */
function sessionsOf(count: number): SignedSessionOutcome[] {
  const { keychains } = dealtKeychains(GUARDIANS);
  return Array.from({ length: count }, (_, session) => {
    const items: AcceptedItem[] = [{ item: vote(BigInt(session % 256)), peer: Math.floor(session / 256) % GUARDIANS }];
    const header = sessionHeader(session, { items });
    const signatures = new Map(
      keychains.slice(0, THRESHOLD).map((keychain) => [keychain.index, keychain.sign(header)]),
    );
    return { sessionOutcome: { items }, signatures };
  });
}

export const catchUp: ScaleCase = {
  title: "a guardian without a database takes sessions of one item from three others, which share its thread",
  sizeOf: "sessions",
  item: "session",
  sizes: [10, 100, 1_000],
  measure: async (size) => {
    const federation = await Federation.start(1, { total: GUARDIANS, roundsPerSession: 100_000 });
    const sessions = sessionsOf(size);
    const { clock } = federation.world.process("disk").platform;
    for (const guardian of federation.guardians) federation.kill(guardian);
    const [away, ...others] = [...federation.guardians].reverse();
    for (const guardian of others) {
      const store = await federation.finish(
        openMemoryStore({ clock, backend: guardian.disk = guardian.disk.crash({ clock }) }),
      );
      for (const [session, outcome] of sessions.entries()) {
        await store.transact((tx) => putSession(tx, session, outcome));
      }
      await federation.finish(store.close());
      await federation.restart(guardian);
    }
    const { reads, commits, checks } = away!.cost;
    const { cpuMs, bytes } = await spent(async () => {
      await federation.restart(away!);
      await federation.until(() => federation.session(away!) >= size, size * SESSION_MS_MAX);
    });
    const finished = await federation.finish(away!.store!.read(finishedSessions));
    if (finished < size) throw new Error(`Only ${finished} of ${size} sessions were taken`);
    const { cost } = away!;
    return {
      size,
      items: size,
      cpuMs,
      bytes,
      counts: { commits: cost.commits - commits, reads: cost.reads - reads, checks: cost.checks - checks },
    };
  },
};
