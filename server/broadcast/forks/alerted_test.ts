/** A confirmed alert with very many units: checked in pieces, all or none. */
import { assert, assertEquals } from "@std/assert";
import { Alone } from "../testing/alone.ts";
import { ALERTED_CHECKS_MAX, ALERTED_PAUSE_MS } from "../limits.ts";
import type { Alert, AlertMessage } from "../messages.ts";
import { alertHash } from "../messages.ts";
import { batchOf, fastKeychains, makeUnit } from "../testing/network.ts";
import { SignedUnit } from "../graph/unit.ts";

const keychains = fastKeychains(4);
const FORKER = 3, ACCUSER = 2, UNITS = 1_500;
const forked = ["a", "b"].map((text) => makeUnit({ keychains, round: 0, creator: FORKER, data: batchOf(text) }));
const parents = [0, 1, 2, FORKER].map((creator) => makeUnit({ keychains, round: 0, creator }));
/** Most are of rounds beyond any session: they are never taken, and checked all the same. */
const many = Array.from({ length: UNITS }, (_, i) => makeUnit({ keychains, round: i + 1, creator: FORKER, parents }));

class Accused extends Alone {
  readonly checks: number[];

  constructor() {
    const checks: number[] = [];
    super({
      keychain: {
        ...keychains[0]!,
        verify: (...args) => {
          checks[checks.length - 1]!++;
          return keychains[0]!.verify(...args);
        },
      },
    });
    this.checks = checks;
  }

  override step(event: Parameters<Alone["step"]>[0]): ReturnType<Alone["step"]> {
    // the constructor of Alone steps before there is a field
    this.checks?.push(0);
    return super.step(event);
  }

  #alert(from: number, value: AlertMessage): void {
    this.receive(from, { tag: "alert", value });
  }

  /** The alert, and a threshold of signatures on its hash. */
  confirm(legitUnits: readonly SignedUnit[], sender = ACCUSER): void {
    const alert: Alert = { sender, proof: { first: forked[0]!, second: forked[1]! }, legitUnits };
    const hash = alertHash(alert);
    this.#alert(sender, { tag: "forkAlert", value: { alert, signature: keychains[sender]!.sign(hash) } });
    for (const index of [1, 2]) {
      const message = { tag: "signedHash", value: { hash, index, signature: keychains[index]!.sign(hash) } } as const;
      this.#alert(index, { tag: "multicast", value: { sender: index, message } });
    }
  }

  /** Until all pieces are done. @returns how many */
  finish(): number {
    let pieces = 0;
    for (; this.state.alerted.length > 0; pieces++) this.wait(ALERTED_PAUSE_MS);
    return pieces;
  }

  taken(): number {
    return this.state.store.unitsOf(FORKER).length;
  }
}

const FEW = 8;

Deno.test("thousands of units in a confirmed alert are checked in pieces, with pauses, then taken", () => {
  const accused = new Accused();
  accused.confirm(many);
  assertEquals(accused.taken(), 0);
  const pieces = accused.finish();
  assert(pieces >= UNITS / ALERTED_CHECKS_MAX - 1, `${pieces} pieces`);
  assertEquals(accused.taken(), accused.state.config.roundMax);
  assert(Math.max(...accused.checks) <= ALERTED_CHECKS_MAX + FEW, `${Math.max(...accused.checks)} checks in one step`);
});

Deno.test("one bad signature among them, the last, and the alert brings none", () => {
  const accused = new Accused();
  accused.confirm([...many.slice(0, -1), new SignedUnit(many.at(-1)!, many[0]!.signature)]);
  accused.finish();
  assertEquals(accused.taken(), 0);
});

Deno.test("what we hold already is not checked again, and a small alert doesn't wait for a large one", () => {
  const accused = new Accused();
  const known = many.slice(0, 200);
  accused.confirm(known);
  accused.finish();
  assertEquals(accused.taken(), 200);
  const before = accused.checks.length;
  accused.confirm(many.slice(0, 200).concat(many[200]!), 1);
  assertEquals([accused.taken(), accused.state.alerted.length], [201, 0]);
  assert(Math.max(...accused.checks.slice(before)) <= FEW);
  accused.confirm(many.slice(300), FORKER);
  assertEquals(accused.state.alerted.length, 1, "of these nothing is held");
});

Deno.test("a unit that is held with another signature than the alert shows is checked", () => {
  const accused = new Accused();
  accused.confirm(many.slice(0, 2));
  accused.confirm([many[0]!, new SignedUnit(many[1]!, many[0]!.signature), many[2]!], 1);
  assertEquals(accused.taken(), 2);
});
