/** What an evil guardian says: each message of the wire from another's name, late, huge or in numbers. */
import { sha256 } from "@noble/hashes/sha2.js";
import { sleep } from "../../../actors/platform/platform.ts";
import type { Platform } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { bls } from "../../../core/crypto/bls/mod.ts";
import type { P2pMessage } from "../../../core/types/p2p_message.ts";
import { P2P_MESSAGE_BYTES_MAX } from "../../../core/types/p2p_message.ts";
import type { UnitMessage } from "../../../server/broadcast/messages.ts";
import { alertHash } from "../../../server/broadcast/messages.ts";
import { SignedUnit, unitHash } from "../../../server/broadcast/graph/unit.ts";
import type { Attacking } from "./hand.ts";
import { aleph } from "./hand.ts";

export type EvilAttack = {
  readonly name: string;
  readonly what: string;
  readonly run: (world: Attacking, platform: Platform) => Promise<void>;
};

const COMMITMENT_POINTS = 100;
/** As many as make 51 kB a second. */
const REQUESTS_PER_SECOND = 1_000;
const SIGNATURE_BYTES = 64;
/** Until the others have accused a forker. */
const ALERT_MS = 1_000;

function units(value: UnitMessage): P2pMessage {
  return aleph({ tag: "units", value });
}

function otherThan(world: Attacking, victim: number): number {
  return world.victims.find((peer) => peer !== victim)!;
}

/** A unit of ours for the place of the newest, but another one. */
function forked(world: Attacking): SignedUnit | null {
  const { newestOwn } = world.hand;
  if (!newestOwn) return null;
  const { round, creator, mask, combinedHash, session } = newestOwn;
  const fields = { round, creator, mask, combinedHash, session, data: null };
  return new SignedUnit(fields, world.keychain.sign(unitHash(fields)));
}

/** Units whose parents nobody has, signed rightly or not: `n` makes each another one. */
function strangeUnit(world: Attacking, creator: number, n: number, signed: boolean): SignedUnit | null {
  const { newestOwn } = world.hand;
  if (!newestOwn) return null;
  const { round, mask, session } = newestOwn;
  const combinedHash = sha256(new Uint8Array(new Uint32Array([n]).buffer)) as Bytes;
  const fields = { round: Math.max(round, 1), creator, mask, combinedHash, session, data: null };
  return new SignedUnit(fields, signed ? world.keychain.sign(unitHash(fields)) : new Uint8Array(SIGNATURE_BYTES));
}

const flooding = (
  name: string,
  what: string,
  perSecond: number,
  message: (world: Attacking, victim: number, n: number) => P2pMessage | null,
): EvilAttack => ({
  name,
  what,
  run: (world) => {
    let n = 0;
    return world.flood(perSecond, (victim) => message(world, victim, n++));
  },
});

export const evilAttacks: readonly EvilAttack[] = [
  {
    name: "commitments",
    what: "key ceremony's commitments of 100 points while consensus runs",
    run: (world) => {
      const value = Array.from({ length: COMMITMENT_POINTS }, () => bls.g2.generator);
      const message: P2pMessage = { tag: "DkgG2", value: { tag: "Commitment", value } };
      return world.flood(10, () => message);
    },
  },
  {
    name: "huge-frames",
    what: "frames of 10 MB that nobody wants",
    run: (world) => {
      const message: P2pMessage = { tag: "Encodable", value: new Uint8Array(P2P_MESSAGE_BYTES_MAX - 100) };
      return world.flood(2, () => message);
    },
  },
  flooding(
    "small-messages",
    "ten thousand small messages a second",
    10_000,
    (_world, _victim, n) => ({ tag: "SessionIndex", value: BigInt(n) }),
  ),
  flooding("reflection", "units of theirs asked for in another's name", REQUESTS_PER_SECOND, (world, victim) => {
    const round = world.hand.newestOwn?.round ?? 0;
    return units({
      tag: "requestCoord",
      value: { asker: otherThan(world, victim), coord: { round: Math.max(0, round - 2), creator: victim } },
    });
  }),
  flooding("parents", "parents of our unit asked for in another's name", REQUESTS_PER_SECOND, (world, victim) => {
    const { newestOwn } = world.hand;
    return newestOwn &&
      units({ tag: "requestParents", value: { asker: otherThan(world, victim), hash: newestOwn.hash } });
  }),
  flooding(
    "newest",
    "newest units asked for in another's name",
    REQUESTS_PER_SECOND,
    (world, victim, n) => units({ tag: "requestNewest", value: { asker: otherThan(world, victim), salt: BigInt(n) } }),
  ),
  flooding("wrong-signatures", "units of others with wrong signatures", 500, (world, victim, n) => {
    const unit = strangeUnit(world, otherThan(world, victim), n, false);
    return unit && units({ tag: "newUnit", value: unit });
  }),
  flooding("orphans", "units of ours whose parents nobody has", 500, (world, _victim, n) => {
    const unit = strangeUnit(world, world.self, n, true);
    return unit && units({ tag: "newUnit", value: unit });
  }),
  {
    name: "alerts",
    what: "a fork, and the alerts about it asked for in another's name",
    run: async (world, platform) => {
      const fork = forked(world);
      if (fork) await world.tell(units({ tag: "newUnit", value: fork }));
      await sleep(platform.clock, ALERT_MS, world.signal).catch(() => undefined);
      const seen = world.hand.alerts.at(-1);
      if (seen?.tag !== "alert" || seen.value.tag !== "forkAlert") return;
      const hash = alertHash(seen.value.value.alert);
      await world.flood(REQUESTS_PER_SECOND, (victim) => {
        const value = { asker: otherThan(world, victim), hash };
        return aleph({ tag: "alert", value: { tag: "requestAlert", value } });
      });
    },
  },
];
