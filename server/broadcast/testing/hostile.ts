/**
 * What one evil guardian of four may say, for tests of the broadcast and of the links below it: every kind of message
 * in every wrong way, on and on: from another's name, twice, late, huge, of another session.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { concat } from "../../../core/bytes.ts";
import { encode } from "../../../core/encoding/codec.ts";
import { BATCH_BYTES_MAX } from "../limits.ts";
import type { AlertMessage, NetworkData, SignedAlert, UnitMessage } from "../messages.ts";
import { alertHash, newestUnitResponse } from "../messages.ts";
import { batchOf, fastKeychains, makeUnit } from "./network.ts";
import type { SignedUnit } from "../graph/unit.ts";

export const EVIL = 3;
export const HONEST = [0, 1, 2];
export const keychains = fastKeychains(4);
/** Two units of the evil guardian for one place. */
export const FORK: readonly SignedUnit[] = ["a", "b"].map((text) =>
  makeUnit({ keychains, round: 0, creator: EVIL, data: batchOf(text) })
);
const [a, b] = FORK;

export const units = (value: UnitMessage): NetworkData => ({ tag: "units", value });
const alerts = (value: AlertMessage): NetworkData => ({ tag: "alert", value });

function accusation(sender: number, legitUnits: readonly SignedUnit[] = [a!], proof = { first: a!, second: b! }) {
  const alert = { sender, proof, legitUnits };
  const hash = alertHash(alert);
  return { hash, message: alerts({ tag: "forkAlert", value: { alert, signature: keychains[sender]!.sign(hash) } }) };
}

/** What the evil guardian knows of the others. */
export type HostileView = {
  /** Of one guardian, the newest that all have. */
  newest(creator: number): SignedUnit;
  /** Hashes of accusations that honest guardians have made. */
  readonly accusations: readonly Bytes[];
  /** Accusations that it has heard. */
  alerts(): readonly SignedAlert[];
  randomByte(): number;
};

export type Attack = {
  /** The evil guardian's two units of one place are known: everybody has accused it. */
  readonly afterFork?: boolean;
  /** What is said to `to` in each tick. */
  readonly say: (net: HostileView, to: { readonly index: number }, tick: number) => readonly (NetworkData | Bytes)[];
};

const victimOf = ({ index }: { readonly index: number }): number => (index + 1) % HONEST.length;
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const saltOf = (tick: number, i: number): bigint => BigInt(1_000 * tick + i);
const randomHash = (net: HostileView): Bytes => Uint8Array.from({ length: 32 }, () => net.randomByte());
const farUnit = (round: number): SignedUnit =>
  makeUnit({
    keychains,
    round,
    creator: EVIL,
    parents: HONEST.concat(EVIL).map((creator) => ({ ...a!, creator, hash: a!.hash }) as SignedUnit),
  });

export const ATTACKS: Readonly<Record<string, Attack>> = {
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
      ...net.alerts().map((signed) => alerts({ tag: "forkAlert", value: signed })),
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
