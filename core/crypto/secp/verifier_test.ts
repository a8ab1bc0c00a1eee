import { assertEquals, assertThrows } from "@std/assert";
import { equalBytes } from "../../bytes.ts";
import { hasWideArithmetic } from "../wasm/probe.ts";
import { firstInvalid, schnorrVerifierOf, schnorrVerify } from "../schnorr.ts";
import { callsOf } from "../../testing/calls.ts";
import { flipBit } from "../testing/mod.ts";
import type { KeyVerifier, SchnorrCheck, SchnorrVerifier } from "./backend.ts";
import { fastestSecp, readySecp } from "./fastest.ts";
import { findFault, HOLDING, REFUSED } from "./known_answers.ts";
import { nobleSecp } from "./noble.ts";
import { signedChecks } from "./testing/wide.ts";
import { KEYS_WITH_TABLE_MAX } from "./wide/schnorr.ts";
import { ASSEMBLED_AFTER, chooseVerifier, LateVerifier, schnorrVerifier, verifierOf } from "./verifier.ts";

await readySecp();

Deno.test("every verifier gives the known answers", () => {
  const all = [schnorrVerifier.chosen().verifier, verifierOf(nobleSecp), verifierOf(fastestSecp)];
  for (const verifier of all) assertEquals(findFault(verifier), null, verifier.name);
});

Deno.test("our own verifier is in use exactly where WebAssembly has wide arithmetic", () => {
  const choice = schnorrVerifier.chosen();
  assertEquals(choice.verifier.name, hasWideArithmetic() ? "wide" : fastestSecp.name);
  assertEquals(choice.passedOver, hasWideArithmetic() ? null : "no_wide_arithmetic");
});

/** noble's verdicts, but for what `spoil` says otherwise. */
function spoilt(
  spoil: (checks: readonly SchnorrCheck[]) => boolean | null,
  byKey: KeyVerifier | null = null,
): SchnorrVerifier {
  const { allHold } = verifierOf(nobleSecp);
  return {
    name: "wide",
    batches: true,
    allHold: (checks) => spoil(checks) ?? allHold(checks),
    keyVerifier: () => byKey,
  };
}

Deno.test("a verifier that errs anywhere is passed over for the backend, and what is wrong is said", () => {
  const faults: [string, SchnorrVerifier][] = [
    ["vector 0 of BIP340", spoilt(() => false)],
    ["vector 4 of BIP340", spoilt(([first]) => first === HOLDING[4] ? false : null)],
    ["vectors of BIP340 together", spoilt(({ length }) => length > 1 ? false : null)],
    ...REFUSED.map((
      [what, bad],
    ): [string, SchnorrVerifier] => [what, spoilt(([first]) => first === bad ? true : null)]),
    ...REFUSED.map(([what, bad]): [string, SchnorrVerifier] => [
      `${what}, behind a good one`,
      spoilt((checks) => checks.length > 1 && checks.at(-1) === bad ? true : null),
    ]),
    ["a vector of BIP340, by a table of its key", spoilt(() => null, () => false)],
    ...REFUSED.filter(([, { xOnly }]) => equalBytes(xOnly, HOLDING[1]!.xOnly)).map((
      [what, bad],
    ): [string, SchnorrVerifier] => [
      `${what}, by a table of its key`,
      spoilt(
        () => null,
        (signature, digest) => signature === bad.signature || nobleSecp.schnorrVerify(signature, digest, bad.xOnly),
      ),
    ]),
  ];
  for (const [fault, verifier] of faults) {
    const { verifier: taken, passedOver } = chooseVerifier(nobleSecp, () => verifier);
    assertEquals([taken.name, taken.batches, passedOver], ["noble", false, { fault }]);
  }
});

Deno.test("our own is made once, after a hundred signatures or when it is asked for", () => {
  let made = 0;
  const load = () => {
    made++;
    return spoilt(() => null);
  };
  const late = new LateVerifier(nobleSecp, load);
  for (let i = 0; i < ASSEMBLED_AFTER / 10; i++) assertEquals(late.next(10).name, "noble");
  assertEquals(made, 0);
  for (let i = 0; i < 3; i++) assertEquals([late.next(1).name, late.chosen().verifier.name, made], ["wide", "wide", 1]);
  const asked = new LateVerifier(nobleSecp, load);
  assertEquals([asked.chosen().verifier.name, asked.next(1).name, made], ["wide", "wide", 2]);
  assertEquals(new LateVerifier(nobleSecp, null).next(2 * ASSEMBLED_AFTER).name, "noble");
});

Deno.test("WebAssembly that doesn't compile or traps is passed over; a bug is not", () => {
  for (const error of [new WebAssembly.CompileError("no such opcode"), new WebAssembly.RuntimeError("trap")]) {
    const { verifier, passedOver } = chooseVerifier(nobleSecp, () => {
      throw error;
    });
    assertEquals([verifier.name, passedOver], ["noble", { fault: error.message }]);
  }
  const bug = () => {
    throw new TypeError("a bug");
  };
  assertThrows(() => chooseVerifier(nobleSecp, bug), TypeError, "a bug");
});

Deno.test("the first invalid one of a list is found, malformed ones among them, at twice the cost of a good list", () => {
  const { verifier } = schnorrVerifier.chosen();
  const good = signedChecks(7, 21).map(({ signature, digest, xOnly }) => ({ signature, digest, publicKey: xOnly }));
  assertEquals([firstInvalid(good), firstInvalid([])], [null, null]);
  const worse = [
    (i: number) => ({ ...good[i]!, signature: flipBit(good[i]!.signature, 300 + i) }),
    (i: number) => ({ ...good[i]!, signature: good[i]!.signature.slice(1) }),
    (i: number) => ({ ...good[i]!, digest: new Uint8Array(31) }),
    (i: number) => ({ ...good[i]!, publicKey: Uint8Array.of(4, ...good[i]!.publicKey) }),
  ];
  for (const spoil of worse) {
    for (let i = 0; i < good.length; i++) {
      using calls = callsOf(verifier, "allHold", verifier.allHold);
      // all behind it may be bad, too
      const list = good.map((one, at) => at > i && i % 2 === 1 ? worse[at % 4]!(at) : one).with(i, spoil(i));
      assertEquals(firstInvalid(list), i);
      assertEquals(calls.args.reduce((sum, [checks]) => sum + checks.length, 0) <= 2 * good.length, true);
      assertEquals(schnorrVerify(list[i]!.signature, list[i]!.digest, list[i]!.publicKey), false);
    }
  }
});

Deno.test("by a key, with a table of it where there is room for one, verdicts are those of any signature", () => {
  const checks = signedChecks(KEYS_WITH_TABLE_MAX + 4, 22);
  for (const [i, { signature, digest, xOnly }] of checks.entries()) {
    const other = checks[(i + 1) % checks.length]!;
    for (const publicKey of [xOnly, Uint8Array.of(2, ...xOnly), Uint8Array.of(3, ...xOnly)]) {
      const verify = schnorrVerifierOf(publicKey);
      assertEquals([verify(signature, digest), verify(other.signature, digest)], [true, false]);
      assertEquals([verify(signature, other.digest), verify(signature.slice(1), digest)], [false, false]);
      assertEquals([verify(signature, new Uint8Array(31)), verify(signature, digest)], [false, true]);
    }
    for (const noKey of [Uint8Array.of(4, ...xOnly), xOnly.slice(1), new Uint8Array(33), new Uint8Array(32)]) {
      assertEquals(schnorrVerifierOf(noKey)(signature, digest), false);
    }
  }
});
