import { assert, assertEquals, assertRejects } from "@std/assert";
import { CryptoError } from "../error.ts";
import type { BlsBackend } from "./backend.ts";
import { backendNow, fastestBackend } from "./fastest.ts";
import { findFault } from "./known_answers.ts";
import { Bls, bls, hasWideArithmetic, readyBls } from "./mod.ts";
import { everyBls, mcl } from "./testing/backends.ts";

Deno.test("every backend gives the known answers", () => {
  for (const { backend } of everyBls) assertEquals(findFault(backend), null, backend.name);
});

Deno.test("our own backend is in use exactly where WebAssembly has wide arithmetic", async () => {
  assertEquals(bls.backend.name, hasWideArithmetic() ? "wide" : "mcl");
  assertEquals(await readyBls(), hasWideArithmetic() ? null : "no_wide_arithmetic");
});

Deno.test("without wide arithmetic mcl is taken, and our own isn't even made", async () => {
  const { backend, passedOver } = await fastestBackend(false, failing(new Error("it was made")));
  assertEquals([backend.name, passedOver], ["mcl", "no_wide_arithmetic"]);
});

Deno.test("a backend is made when a point is first looked at, and once", () => {
  let made = 0;
  const lazy = new Bls(() => (made++, mcl.backend));
  assertEquals([lazy.g1.name, lazy.g1.size, lazy.g2.size, made], ["G1", 48, 96, 0]);
  assertEquals(lazy.g1.decode(mcl.g1.generator), lazy.g1.generator);
  assert(lazy.pairingProductIsOne([[lazy.g1.infinity, lazy.g2.generator]]));
  assertEquals(made, 1);
});

function failing(error: Error): () => BlsBackend {
  return () => {
    throw error;
  };
}

/** A backend with one thing wrong, and what is said of it. */
const FAULTS: readonly (readonly [string, (good: BlsBackend) => BlsBackend])[] = [
  ["the generator of G1", (good) => ({ ...good, g1: { ...good.g1, encode: () => new Uint8Array(48) as never } })],
  ["a product in G1", (good) => ({ ...good, g1: { ...good.g1, multiply: (point) => point } })],
  ["a product in G2", (good) => ({ ...good, g2: { ...good.g2, multiply: (point) => point } })],
  ["a point of G2", (good) => ({ ...good, g2: { ...good.g2, decode: () => good.g2.infinity } })],
  ["a sum that is infinity in G1", (good) => ({ ...good, g1: { ...good.g1, add: (a) => a } })],
  ["a sum of products in G1", (good) => ({ ...good, g1: { ...good.g1, sumOfProducts: ([first]) => first! } })],
  ["a bad point of G1", (good) => ({ ...good, g1: { ...good.g1, decode: lenient(good.g1.decode, good.g1.infinity) } })],
  ["a bad point of G2", (good) => ({ ...good, g2: { ...good.g2, decode: lenient(good.g2.decode, good.g2.infinity) } })],
  ["a point of a block", (good) => ({ ...good, curvePoint: () => null })],
  ["a pairing that is one", (good) => ({ ...good, pairingProductIsOne: () => false })],
  ["a pairing that isn't one", (good) => ({ ...good, pairingProductIsOne: () => true })],
];

/** Takes what it should refuse. */
function lenient<P>(decode: (bytes: Uint8Array) => P, instead: P): (bytes: Uint8Array) => P {
  return (bytes) => {
    try {
      return decode(bytes);
    } catch (thrown) {
      assert(thrown instanceof CryptoError);
      return instead;
    }
  };
}

Deno.test("a backend that errs anywhere is passed over for mcl, and what is wrong is said", async () => {
  for (const [fault, spoil] of FAULTS) assertEquals(findFault(spoil(mcl.backend)), fault);
  const [[fault, spoil]] = FAULTS as [(typeof FAULTS)[number]];
  const { backend, passedOver } = await fastestBackend(true, () => spoil(mcl.backend));
  assertEquals([backend.name, passedOver], ["mcl", { fault }]);
  const now = backendNow(() => spoil(mcl.backend));
  assertEquals([now.backend.name, now.passedOver], ["noble", { fault }]);
});

Deno.test("WebAssembly that doesn't compile, traps, or can't decode its own generator is passed over; a bug is not", async () => {
  const broken = new CryptoError({ code: "bad_point", argument: "point" }, "not a point");
  for (const error of [new WebAssembly.CompileError("no such opcode"), new WebAssembly.RuntimeError("trap"), broken]) {
    const { backend, passedOver } = await fastestBackend(true, failing(error));
    assertEquals([backend.name, passedOver], ["mcl", { fault: error.message }]);
    const now = backendNow(failing(error));
    assertEquals([now.backend.name, now.passedOver], ["noble", { fault: error.message }]);
  }
  await assertRejects(() => fastestBackend(true, failing(new TypeError("a bug"))), TypeError, "a bug");
});
