/**
 * One evil guardian of four says every kind of message in every wrong way, on and on. The three honest ones must keep
 * up their rounds, send nobody more for it, and keep no more.
 */
import { assert } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/codec.ts";
import type { HostileView } from "./testing/hostile.ts";
import { ATTACKS, EVIL, FORK, HONEST, keychains, units } from "./testing/hostile.ts";
import { ANSWER_BYTES_BURST, ANSWER_BYTES_PER_SECOND } from "./limits.ts";
import type { NetworkData, SignedAlert } from "./messages.ts";
import { alertHash, decodeMessage, encodeMessage, newestUnitResponse } from "./messages.ts";
import type { Guardian } from "./testing/network.ts";
import { Simulation } from "./testing/network.ts";
import type { SignedUnit } from "./graph/unit.ts";

const CALM_MS = 2_000, ATTACK_MS = 2_000, TICK_MS = 10;

class Hostile implements HostileView {
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

  alerts(): readonly SignedAlert[] {
    return this.honest[1]!.state!.alerts.all;
  }

  randomByte(): number {
    return this.net.dice.below(256);
  }

  fork(): void {
    for (const guardian of this.honest) {
      for (const unit of FORK) this.say(guardian, units({ tag: "newUnit", value: unit }));
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
