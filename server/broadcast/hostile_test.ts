/**
 * One evil guardian of four says every kind of message in every wrong way, on and on: from another's name, twice, late,
 * huge, of another session. The three honest ones must keep up their rounds, send nobody more for it, and keep no more.
 */
import { assert } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { concat } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/codec.ts";
import { ANSWER_BYTES_BURST, ANSWER_BYTES_PER_SECOND, BATCH_BYTES_MAX } from "./limits.ts";
import type { AlertMessage, NetworkData, UnitMessage } from "./messages.ts";
import { alertHash, decodeMessage, encodeMessage, newestUnitResponse } from "./messages.ts";
import type { Guardian } from "./testing.ts";
import { batchOf, fastKeychains, makeUnit, Simulation } from "./testing.ts";
import type { SignedUnit } from "./unit.ts";

const EVIL = 3;
const HONEST = [0, 1, 2];
const keychains = fastKeychains(4);
const CALM_MS = 3_000, ATTACK_MS = 4_000, TICK_MS = 10;
const [a, b] = ["a", "b"].map((text) => makeUnit({ keychains, round: 0, creator: EVIL, data: batchOf(text) }));

const units = (value: UnitMessage): NetworkData => ({ tag: "units", value });
const alerts = (value: AlertMessage): NetworkData => ({ tag: "alert", value });

function accusation(sender: number, legitUnits: readonly SignedUnit[] = [a!], proof = { first: a!, second: b! }) {
  const alert = { sender, proof, legitUnits };
  const hash = alertHash(alert);
  return { hash, message: alerts({ tag: "forkAlert", value: { alert, signature: keychains[sender]!.sign(hash) } }) };
}

type Attack = {
  /** The evil guardian's two units of one place are known: everybody has accused it. */
  readonly afterFork?: boolean;
  /** What is said to `to` in each tick. */
  readonly say: (net: Hostile, to: Guardian, tick: number) => readonly (NetworkData | Bytes)[];
};

class Hostile {
  readonly net: Simulation;
  readonly honest: readonly Guardian[];
  /** Bytes that honest guardians sent, by receiver. */
  readonly sentBytes = [0, 0, 0, 0];
  /** Hashes of accusations that honest guardians have made. */
  readonly accusations: Bytes[] = [];

  constructor() {
    this.net = new Simulation({
      keychains,
      seed: 5,
      forkers: [EVIL],
      data: () => ({ kind: "batch", bytes: new Uint8Array(2_000) }),
      tamper: (_from, to, bytes) => {
        this.sentBytes[to]! += bytes.length;
        return bytes;
      },
    });
    this.honest = this.net.guardians.slice(0, EVIL);
    for (const guardian of this.honest) this.net.start(guardian);
  }

  rounds(): number {
    return Math.min(...this.honest.map(({ state }) => state!.creator.round));
  }

  /** Of one guardian, the highest round that all have. */
  newest(creator: number): SignedUnit {
    return this.honest[0]!.state!.store.newest(creator)!.unit;
  }

  fork(): void {
    for (const guardian of this.honest) {
      for (const unit of [a!, b!]) this.say(guardian, units({ tag: "newUnit", value: unit }));
    }
    this.net.run(500);
    for (const { state } of this.honest) {
      for (const { alert } of state!.alerts.all) {
        if (alert.sender === state!.identity) this.accusations.push(alertHash(alert));
      }
    }
    assert(this.accusations.length === HONEST.length, "each has accused the forker");
  }

  say(to: Guardian, message: NetworkData | Bytes): void {
    this.net.inject(EVIL, to, message instanceof Uint8Array ? message : encodeMessage(message));
  }
}

const victimOf = ({ index }: Guardian): number => (index + 1) % HONEST.length;
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const saltOf = (tick: number, i: number): bigint => BigInt(1_000 * tick + i);
const randomHash = (net: Hostile): Bytes => Uint8Array.from({ length: 32 }, () => net.net.dice.below(256));
const farUnit = (round: number): SignedUnit =>
  makeUnit({
    keychains,
    round,
    creator: EVIL,
    parents: HONEST.concat(EVIL).map((creator) => ({ ...a!, creator, hash: a!.hash }) as SignedUnit),
  });

const ATTACKS: Readonly<Record<string, Attack>> = {
  "asks for an alert in another's name": {
    afterFork: true,
    say: (net, to) =>
      times(
        20,
        (i) =>
          alerts({ tag: "requestAlert", value: { asker: victimOf(to), hash: net.accusations[i % HONEST.length]! } }),
      ),
  },
  "asks for units in another's name": {
    say: (net, to) =>
      times(20, (i) =>
        units({
          tag: "requestCoord",
          value: { asker: victimOf(to), coord: { round: Math.max(0, net.newest(0).round - i), creator: 0 } },
        })),
  },
  "asks for parents in another's name": {
    say: (net, to) =>
      times(20, () => units({ tag: "requestParents", value: { asker: victimOf(to), hash: net.newest(0).hash } })),
  },
  "asks for newest units in another's name": {
    say: (_net, to, tick) =>
      times(20, (i) => units({ tag: "requestNewest", value: { asker: victimOf(to), salt: saltOf(tick, i) } })),
  },
  "speaks of unknown alerts in another's name": {
    say: (net, to) =>
      times(20, () => {
        const hash = randomHash(net);
        const message = {
          tag: "signedHash",
          value: { hash, index: EVIL, signature: keychains[EVIL]!.sign(hash) },
        } as const;
        return alerts({ tag: "multicast", value: { sender: victimOf(to), message } });
      }),
  },
  "asks for all units for itself": {
    say: (net, _to, tick) =>
      times(20, (i) =>
        units({
          tag: "requestCoord",
          value: { asker: EVIL, coord: { round: (20 * tick + i) % (net.newest(0).round + 1), creator: i % 3 } },
        })),
  },
  "asks for the same again and again": {
    say: (net, _to, tick) => [
      ...times(20, () => units({ tag: "requestParents", value: { asker: EVIL, hash: net.newest(1).hash } })),
      ...times(20, (i) => units({ tag: "requestNewest", value: { asker: EVIL, salt: saltOf(tick, i) } })),
    ],
  },
  "repeats what the others said": {
    afterFork: true,
    say: (net) => [
      ...HONEST.map((creator) => units({ tag: "newUnit", value: net.newest(creator) })),
      ...times(10, () => accusation(0).message),
      ...net.honest[1]!.state!.alerts.all.map((signed) => alerts({ tag: "forkAlert", value: signed })),
    ],
  },
  "accuses itself in ever other words": {
    afterFork: true,
    say: (_net, _to, tick) =>
      times(
        5,
        (i) =>
          accusation(EVIL, [makeUnit({ keychains, round: 0, creator: EVIL, data: batchOf(`${tick} ${i}`) })]).message,
      ),
  },
  "accuses with forged proofs and signatures": {
    say: (_net, _to, tick) => {
      const units = [`${tick}`, `${tick}'`].map((text) =>
        makeUnit({ keychains: [0, 1, 2, 3].map(() => keychains[EVIL]!), round: 0, creator: 1, data: batchOf(text) })
      );
      const { message } = accusation(EVIL, [], { first: units[0]!, second: units[1]! });
      return times(5, () => message);
    },
  },
  "accuses in another session": {
    say: () => {
      const [x, y] = ["x", "y"].map((text) =>
        makeUnit({ keychains, round: 0, creator: EVIL, data: batchOf(text), session: 8n })
      );
      return times(5, () => accusation(EVIL, [x!], { first: x!, second: y! }).message);
    },
  },
  "answers what nobody asked": {
    say: (net, to, tick) => {
      const response = { requester: to.index, responder: EVIL, unit: null, salt: saltOf(tick, 0) };
      const signature = keychains[EVIL]!.sign(encode(newestUnitResponse, response));
      const unit = net.newest(0);
      return times(5, () => [
        units({ tag: "responseNewest", value: { response, signature } }),
        units({ tag: "responseParents", value: { hash: unit.hash, parents: [unit, unit, unit] } }),
        units({ tag: "responseParents", value: { hash: randomHash(net), parents: [] } }),
        units({ tag: "responseCoord", value: unit }),
      ]).flat();
    },
  },
  "makes units of far rounds that nobody else is in": {
    say: (_net, _to, tick) => times(5, (i) => units({ tag: "newUnit", value: farUnit(900 - ((5 * tick + i) % 800)) })),
  },
  "makes units of other sessions": {
    say: (_net, _to, tick) => {
      const unit = makeUnit({
        keychains,
        round: 0,
        creator: EVIL,
        session: BigInt(tick % 7),
        data: batchOf(`${tick}`),
      });
      return times(20, () => units({ tag: "newUnit", value: unit }));
    },
  },
  "makes huge units": {
    say: () => {
      const data = { kind: "batch", bytes: new Uint8Array(BATCH_BYTES_MAX + 1) } as const;
      const unit = makeUnit({ keychains, round: 0, creator: EVIL, data });
      return [units({ tag: "newUnit", value: unit }), units({ tag: "responseCoord", value: unit })];
    },
  },
  "says nonsense behind every kind's index": {
    say: (net) =>
      [[0, 0], [0, 1], [0, 2], [0, 3], [0, 4], [0, 5], [0, 6], [0, 7], [1, 0], [1, 1], [1, 2], [1, 3], [2]].map((
        head,
      ) => concat(Uint8Array.from(head), ...times(10, () => randomHash(net)))),
  },
};

for (const [title, { afterFork, say }] of Object.entries(ATTACKS)) {
  Deno.test(`rounds go on while one of four ${title}`, () => {
    const hostile = new Hostile();
    hostile.net.run(500);
    if (afterFork) hostile.fork();
    const start = hostile.rounds();
    hostile.sentBytes.fill(0);
    hostile.net.run(CALM_MS);
    const calmBytes = Math.max(...hostile.sentBytes) * ATTACK_MS / CALM_MS;
    const calm = (hostile.rounds() - start) / CALM_MS;
    const before = hostile.rounds();
    hostile.sentBytes.fill(0);
    for (let tick = 0; tick < ATTACK_MS / TICK_MS; tick++) {
      for (const guardian of hostile.honest) {
        for (const what of say(hostile, guardian, tick)) hostile.say(guardian, what);
      }
      hostile.net.run(TICK_MS);
    }
    const during = (hostile.rounds() - before) / ATTACK_MS;
    assert(during >= calm * 0.9, `${1_000 * during} rounds a second instead of ${1_000 * calm}`);
    hostile.net.agreedOrder(hostile.honest);
    for (const victim of HONEST) {
      assert(hostile.sentBytes[victim]! < 1.5 * calmBytes, `guardian ${victim} got ${hostile.sentBytes[victim]} bytes`);
    }
    const answeredMax = HONEST.length * (ANSWER_BYTES_BURST + ANSWER_BYTES_PER_SECOND * ATTACK_MS / 1_000);
    assert(hostile.sentBytes[EVIL]! < answeredMax + 2 * calmBytes);
    for (const { state } of hostile.honest) {
      assert(state!.alerts.size <= 8, `${state!.alerts.size} alerts kept`);
      assert([...state!.store.forkers].every((forker) => forker === EVIL));
    }
  });
}

Deno.test("relayed answers to another's question don't make a guardian that lost its disk sign a second unit", () => {
  const lost = { index: 0, untilMs: Infinity };
  const relayed: Bytes[] = [];
  const net: Simulation = new Simulation({
    keychains,
    seed: 9,
    // contradictory units of an honest guardian end the test
    forkers: [EVIL],
    tamper: (from, to, bytes) => {
      const message = decodeMessage(bytes);
      assert(message.ok);
      const { tag, value } = message.value.value;
      if (tag === "requestNewest" && from.index === lost.index && to === EVIL) {
        // in its own name, with the salt of the question that it was asked
        for (const guardian of net.guardians.slice(1, EVIL)) {
          const request = units({ tag: "requestNewest", value: { asker: EVIL, salt: value.salt } });
          net.inject(EVIL, guardian, encodeMessage(request));
        }
        const response = { requester: lost.index, responder: EVIL, unit: null, salt: value.salt };
        const signature = keychains[EVIL]!.sign(encode(newestUnitResponse, response));
        net.inject(
          EVIL,
          net.guardians[lost.index]!,
          encodeMessage(units({ tag: "responseNewest", value: { response, signature } })),
        );
      }
      if (tag === "responseNewest" && to === EVIL) {
        relayed.push(bytes);
        net.inject(EVIL, net.guardians[lost.index]!, bytes);
      }
      // the genuine answers are late
      return tag === "responseNewest" && to === lost.index && net.nowMs < lost.untilMs ? null : bytes;
    },
  });
  for (const guardian of net.guardians.slice(0, EVIL)) net.start(guardian);
  net.run(3_000);
  const victim = net.guardians[lost.index]!;
  const before = victim.state!.creator.round;
  net.crash(victim);
  victim.disk = [];
  net.start(victim, true);
  lost.untilMs = net.nowMs + 10_000;
  net.run(9_000);
  assert(relayed.length > 0 && victim.state!.creator.ended, "it creates nothing on what others said to others");
  net.run(14_000);
  assert(victim.state!.creator.round > before);
  net.agreedOrder(net.guardians.slice(0, EVIL));
});
