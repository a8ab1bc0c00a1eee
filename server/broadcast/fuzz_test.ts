/** An evil guardian says whatever it likes, and wires change what was said: nobody may crash, stop or disagree. */
import { assert, assertEquals } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/codec.ts";
import type { SeededDice } from "./dice.ts";
import type { NetworkData } from "./messages.ts";
import { alertHash, encodeMessage, newestUnitResponse } from "./messages.ts";
import { subsetOf } from "./scale.ts";
import type { Guardian } from "./testing/network.ts";
import { fastKeychains, Simulation } from "./testing/network.ts";
import type { UnitFields } from "./graph/unit.ts";
import { combineHashes, SignedUnit, unitHash } from "./graph/unit.ts";

const PEERS = 4;
const EVIL = 3;
const keychains = fastKeychains(PEERS);

function randomBytes(dice: SeededDice, size: number): Bytes {
  return Uint8Array.from({ length: size }, () => dice.below(256));
}

/** Signed by the evil guardian, about a unit that may be plausible, absurd, or a variant of another. */
function evilUnit(dice: SeededDice, guardian: Guardian): SignedUnit {
  const { store } = guardian.state!;
  const round = dice.choose(
    [0, 1, dice.below(20), (store.newest(0)?.unit.round ?? 0) + 1, dice.below(70_000) % 65_536],
    1,
  )[0]!;
  const parents = [0, 1, 2, 3].map((creator) => round === 0 ? undefined : store.byCoord({ round: round - 1, creator }));
  const isPlausible = dice.below(3) > 0;
  const slots = parents.map((parent) => parent?.unit.hash ?? null);
  const fields: UnitFields = {
    round,
    creator: dice.below(10) === 0 ? dice.below(6) : EVIL,
    mask: isPlausible
      ? subsetOf(PEERS, parents.flatMap((parent, i) => parent ? [i] : []))
      : subsetOf(dice.choose([0, 3, 4, 4, 4, 9], 1)[0]!, []),
    combinedHash: isPlausible ? combineHashes(slots) : randomBytes(dice, 32),
    data: dice.below(2) === 0 ? null : { kind: "batch", bytes: randomBytes(dice, dice.below(40)) },
    session: dice.below(10) === 0 ? 8n : 7n,
  };
  const masked = dice.below(4) === 0 && fields.mask.size === 4
    ? { ...fields, mask: subsetOf(4, [0, 1, 2, 3]) }
    : fields;
  return new SignedUnit(masked, keychains[EVIL]!.sign(unitHash(masked)));
}

function evilMessage(dice: SeededDice, guardian: Guardian): NetworkData {
  const { store } = guardian.state!;
  const anyUnit = (): SignedUnit =>
    dice.below(2) === 0 ? evilUnit(dice, guardian) : store.newest(dice.below(PEERS))?.unit ?? evilUnit(dice, guardian);
  const hash = dice.below(2) === 0 ? randomBytes(dice, 32) : anyUnit().hash;
  const index = dice.choose([0, 1, 2, 3, 4, 2 ** 40], 1)[0]!;
  const signature = dice.below(2) === 0 ? randomBytes(dice, 64) : keychains[EVIL]!.sign(hash);
  const coord = { round: dice.below(65_536), creator: index };
  switch (dice.below(10)) {
    case 0:
    case 1:
      return { tag: "units", value: { tag: "newUnit", value: anyUnit() } };
    case 2:
      return { tag: "units", value: { tag: "responseCoord", value: anyUnit() } };
    case 3:
      return { tag: "units", value: { tag: "requestCoord", value: { asker: index, coord } } };
    case 4:
      return { tag: "units", value: { tag: "requestParents", value: { asker: index, hash } } };
    case 5: {
      const parents = Array.from({ length: dice.below(6) }, anyUnit);
      return { tag: "units", value: { tag: "responseParents", value: { hash, parents } } };
    }
    case 6: {
      const response = { requester: index, responder: EVIL, unit: dice.below(2) === 0 ? null : anyUnit(), salt: 1n };
      const signed = keychains[EVIL]!.sign(encode(newestUnitResponse, response));
      return { tag: "units", value: { tag: "responseNewest", value: { response, signature: signed } } };
    }
    case 7: {
      const [first, second] = [anyUnit(), anyUnit()];
      const alert = {
        sender: EVIL,
        proof: { first, second },
        legitUnits: Array.from({ length: dice.below(5) }, anyUnit),
      };
      const signed = keychains[EVIL]!.sign(alertHash(alert));
      return { tag: "alert", value: { tag: "forkAlert", value: { alert, signature: signed } } };
    }
    case 8: {
      const signatures = Array.from({ length: dice.below(6) }, () => dice.below(3) === 0 ? null : signature);
      const message = dice.below(2) === 0
        ? { tag: "signedHash", value: { hash, index, signature } } as const
        : { tag: "multisignedHash", value: { hash, signatures } } as const;
      return { tag: "alert", value: { tag: "multicast", value: { sender: index, message } } };
    }
    default:
      return { tag: "alert", value: { tag: "requestAlert", value: { asker: index, hash } } };
  }
}

for (let seed = 0; seed < 5; seed++) {
  Deno.test(`an evil guardian's signed nonsense neither stops nor splits the others, seed ${seed}`, () => {
    const net = new Simulation({ keychains, seed, forkers: [EVIL] });
    const honest = net.guardians.slice(0, EVIL);
    for (const guardian of honest) net.start(guardian);
    for (let round = 0; round < 60; round++) {
      net.run(100);
      for (let i = 0; i < 20; i++) {
        const guardian = honest[net.dice.below(EVIL)]!;
        net.inject(EVIL, guardian, encodeMessage(evilMessage(net.dice, guardian)));
      }
    }
    const { length } = net.agreedOrder(honest);
    net.run(8_000);
    assert(net.agreedOrder(honest).length > length + 200, `${length} units, then ${net.agreedOrder(honest).length}`);
    for (const guardian of honest) {
      assert(
        [...guardian.state!.store.forkers].every((forker) => forker === EVIL),
        "nobody else is taken for a forker",
      );
    }
  });
}

for (let seed = 0; seed < 3; seed++) {
  Deno.test(`wires that change a tenth of all messages lose them and nothing else, seed ${seed}`, () => {
    const net: Simulation = new Simulation({
      keychains,
      seed,
      tamper: (_from, _to, bytes) => {
        if (net.dice.below(10) > 0) return bytes;
        const changed = bytes.slice();
        for (let i = 0; i <= net.dice.below(3); i++) changed[net.dice.below(changed.length)]! ^= 1 << net.dice.below(8);
        return net.dice.below(3) === 0 ? changed.slice(0, net.dice.below(changed.length)) : changed;
      },
    });
    net.startAll();
    net.run(15_000);
    assert(net.agreedOrder().length > 300);
    for (const guardian of net.guardians) assertEquals([...guardian.state!.store.forkers], []);
  });
}

Deno.test("random bytes are no messages", () => {
  const net = new Simulation({ keychains, seed: 1 });
  net.startAll();
  for (let i = 0; i < 2_000; i++) {
    if (i % 100 === 0) net.run(100);
    net.inject(EVIL, net.guardians[0]!, randomBytes(net.dice, net.dice.below(200)));
  }
  net.run(2_000);
  assert(net.agreedOrder().length > 200);
});
