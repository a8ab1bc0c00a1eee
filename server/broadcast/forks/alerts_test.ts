import { assert, assertEquals } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import { Alerts } from "./alerts.ts";
import { SignatureChecks } from "../keychain.ts";
import { AWAITED_ALERTS_MAX, SPARE_ALERTS_MAX } from "../limits.ts";
import type { Alert, SignedAlert } from "../messages.ts";
import { alertHash } from "../messages.ts";
import { MulticastState } from "./multicast.ts";
import { batchOf, fastKeychains, makeUnit } from "../testing/network.ts";
import { SignedUnit } from "../graph/unit.ts";

const keychains = fastKeychains(4);
const FORKER = 3;
const units = ["a", "b", "c"].map((text) => makeUnit({ keychains, round: 0, creator: FORKER, data: batchOf(text) }));
const proof = { first: units[0]!, second: units[1]! };

function signed(sender: number, change: Partial<Alert> = {}): SignedAlert {
  const alert = { sender, proof, legitUnits: [units[0]!], ...change };
  return { alert, signature: keychains[sender]!.sign(alertHash(alert)) };
}

function alertsOf(): Alerts {
  return new Alerts(new SignatureChecks(keychains[0]!), 7n);
}

Deno.test("the first alert of a sender about a forker counts, another is kept beside it", () => {
  const alerts = alertsOf();
  const first = signed(1);
  assertEquals(alerts.receive(first).kind, "recorded");
  assertEquals(alerts.receive(first).kind, "known");
  const other = signed(1, { legitUnits: [units[1]!] });
  assertEquals(alerts.receive(other).kind, "kept");
  assert(alerts.counts(first.alert, alertHash(first.alert)));
  assert(!alerts.counts(other.alert, alertHash(other.alert)));
  assertEquals(alerts.byHash(alertHash(other.alert)), other);
  assertEquals(alerts.receive(signed(2)).kind, "recorded", "another sender's alert counts as well");
});

Deno.test("each kind of invalid alert is refused", () => {
  const otherRound = makeUnit({ keychains, round: 1, creator: FORKER, parents: [units[0]!] });
  const otherCreator = makeUnit({ keychains, round: 0, creator: 2 });
  const [x, y] = ["x", "y"].map((text) =>
    makeUnit({ keychains, round: 0, creator: FORKER, session: 8n, data: batchOf(text) })
  );
  const unsigned = new SignedUnit(units[1]!, new Uint8Array(64));
  const bad: readonly SignedAlert[] = [
    { ...signed(1), signature: new Uint8Array(64) },
    { alert: { ...signed(1).alert, sender: 2 }, signature: signed(1).signature },
    signed(1, { proof: { first: units[0]!, second: units[0]! } }),
    signed(1, { proof: { first: units[0]!, second: otherRound } }),
    signed(1, { proof: { first: units[0]!, second: otherCreator } }),
    signed(1, { proof: { first: x!, second: units[0]! } }),
    signed(1, { proof: { first: units[0]!, second: y! } }),
    signed(1, { proof: { first: units[0]!, second: unsigned } }),
  ];
  for (const alert of bad) assertEquals(alertsOf().receive(alert).kind, "refused");
  const late = signed(1, { proof: { first: x!, second: y! } });
  assertEquals(alertsOf().receive(late).kind, "stale", "of another session, which is nobody's fault");
});

Deno.test("of one sender's many alerts about a forker only the last spare ones are kept", () => {
  const alerts = alertsOf();
  alerts.receive(signed(1));
  const others = Array.from(
    { length: 20 },
    (_, i) => signed(1, { legitUnits: [makeUnit({ keychains, round: 0, creator: FORKER, data: batchOf(`${i}`) })] }),
  );
  for (const other of others) alerts.receive(other);
  assertEquals(alerts.size, 1 + SPARE_ALERTS_MAX);
  assert(alerts.byHash(alertHash(others.at(-1)!.alert)));
  assertEquals(alerts.byHash(alertHash(others[0]!.alert)), undefined);
});

Deno.test("an alert that a threshold signed before it came is kept for good", () => {
  const alerts = alertsOf();
  alerts.receive(signed(1));
  const awaited = signed(1, { legitUnits: [units[2]!] });
  alerts.await(alertHash(awaited.alert));
  alerts.receive(awaited);
  for (let i = 0; i < 20; i++) {
    alerts.receive(
      signed(1, { legitUnits: [makeUnit({ keychains, round: 0, creator: FORKER, data: batchOf(`${i}`) })] }),
    );
  }
  const hash = alertHash(awaited.alert);
  assertEquals(alerts.confirm(hash), [units[2]!]);
  assert(alerts.counts(awaited.alert, hash), "the confirmed alert is the one that counts");
});

Deno.test("no more alerts are awaited than the bound says", () => {
  const alerts = alertsOf();
  alerts.receive(signed(1));
  for (let i = 0; i < AWAITED_ALERTS_MAX; i++) {
    const hash = new Uint8Array(32);
    new DataView(hash.buffer).setUint32(0, i);
    alerts.await(hash);
  }
  const late = signed(1, { legitUnits: [units[2]!] });
  alerts.await(alertHash(late.alert));
  alerts.receive(late);
  alerts.receive(signed(1, { legitUnits: [] }));
  assertEquals(alerts.byHash(alertHash(late.alert)), undefined, "it was a spare one, and a later one took its place");
});

Deno.test("a confirmed alert brings its units only when they are the forker's, of different rounds", () => {
  const legit = [units[0]!, makeUnit({ keychains, round: 1, creator: FORKER, parents: [units[0]!] })];
  const cases = [
    [legit, 2],
    [[], 0],
    [[...legit, units[1]!], 0],
    [[...legit, makeUnit({ keychains, round: 2, creator: 2 })], 0],
  ] as const;
  for (const [legitUnits, count] of cases) {
    const alerts = alertsOf();
    const alert = signed(1, { legitUnits });
    alerts.receive(alert);
    assertEquals(alerts.confirm(alertHash(alert.alert)).length, count);
  }
  assertEquals(alertsOf().confirm(new Uint8Array(32)), [], "an unknown alert brings nothing");
});

const hash = new Uint8Array(32).fill(1);
const signatureOf = (peer: number): Bytes => keychains[peer]!.sign(hash);

function multicastOf(): MulticastState {
  return new MulticastState(keychains[0]!, new SignatureChecks(keychains[0]!), 4, 3);
}

function signedHash(index: number, signature = signatureOf(index % 4)): Parameters<MulticastState["receive"]>[0] {
  return { tag: "signedHash", value: { hash, index, signature } };
}

Deno.test("a hash is confirmed once, at a threshold of different guardians' signatures", () => {
  const multicast = multicastOf();
  const own = multicast.start(hash);
  assertEquals([own.announce?.tag, own.confirmed], ["signedHash", false]);
  assertEquals(multicast.receive(signedHash(1)).confirmed, false);
  assertEquals(multicast.receive(signedHash(1)).confirmed, false, "the same guardian counts once");
  const { announce, confirmed } = multicast.receive(signedHash(2));
  assert(confirmed && announce?.tag === "multisignedHash");
  assertEquals(announce.value.signatures.map((one) => one && toHex(one)), [
    toHex(signatureOf(0)),
    toHex(signatureOf(1)),
    toHex(signatureOf(2)),
    null,
  ]);
  assertEquals(multicast.receive(signedHash(3)).confirmed, false);
  assertEquals(multicast.receive(announce).confirmed, false);
  assertEquals(multicast.start(hash).announce, null);
});

Deno.test("a multisignature alone confirms, if a threshold and every one of its signatures are valid", () => {
  const all = [signatureOf(0), null, signatureOf(2), signatureOf(3)];
  const bad: readonly (readonly (Bytes | null)[])[] = [
    [signatureOf(0), null, signatureOf(2), null],
    [signatureOf(0), signatureOf(2), signatureOf(2), signatureOf(3)],
    [...all, signatureOf(0)],
    [],
  ];
  for (const signatures of bad) {
    const outcome = multicastOf().receive({ tag: "multisignedHash", value: { hash, signatures } });
    assertEquals([outcome.valid, outcome.confirmed], [false, false]);
  }
  const outcome = multicastOf().receive({ tag: "multisignedHash", value: { hash, signatures: all } });
  assertEquals([outcome.valid, outcome.confirmed], [true, true]);
});

Deno.test("a signature of another guardian, or of none, isn't counted", () => {
  const multicast = multicastOf();
  for (const message of [signedHash(1, signatureOf(2)), signedHash(4), signedHash(2 ** 52)]) {
    assertEquals(multicast.receive(message).valid, false);
  }
});
