/** Signature shares that are wrong: notes come all the same, of the good ones, and are worth what was sent. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { sleep } from "../../actors/platform/platform.ts";
import { damaged } from "../../client/testing/garbage.ts";
import type { Asked } from "../../client/testing/world.ts";
import { ClientWorld, Refusal } from "../../client/testing/world.ts";
import { bls, scalarFromBigInt } from "../../core/crypto/bls/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { g1Point } from "../../core/types/bls.ts";
import type { Lie } from "./federation.ts";
import { MintFederation } from "./federation.ts";

const DENOMINATION = 11, VALUE_MSAT = 2_048n;
const INFINITY = `c0${"00".repeat(47)}`;

function pointOf(factor: bigint): Json {
  return g1Point.toJson(bls.g1.multiply(bls.g1.generator, scalarFromBigInt(factor)));
}

type Shares = readonly string[];

/** What a guardian makes of its own shares. */
const WRONG: Readonly<Record<string, (shares: Shares) => Json>> = {
  "none": () => [],
  "one too few": (shares) => shares.slice(1),
  "one too many": (shares) => [...shares, shares[0]!],
  "a hundred thousand": (shares) => new Array(100_000).fill(shares[0]!),
  "the right ones in another order": (shares) => [...shares.slice(1), shares[0]!],
  "one of them twice": (shares) => [shares[0]!, ...shares.slice(0, -1)],
  "infinity": (shares) => shares.map(() => INFINITY),
  "infinity among good ones": (shares) => [...shares.slice(1), INFINITY],
  "the generator": (shares) => shares.map(() => pointOf(1n)),
  "a share of nothing": (shares) => [...shares.slice(1), pointOf(12_345n)],
  "a point that is none": (shares) => [...shares.slice(1), "ff".repeat(48)],
  "half a point": (shares) => [...shares.slice(1), shares[0]!.slice(0, 48)],
  "a point and a byte": (shares) => [...shares.slice(1), `${shares[0]}00`],
  "null": () => null,
  "an object": (shares) => Object.fromEntries(shares.entries()),
};

const world = new ClientWorld(1);
const started = MintFederation.start(world);
let wallets = 0;

function isShares(method: string): boolean {
  return method.endsWith("_signature_shares");
}

/** One guardian lies. Another one is late, so that there is time to listen to the liar. */
function lying(peer: number, change: (shares: Shares, asked: Asked) => Json | Promise<Json>): Lie {
  return (asked, truth) => {
    if (!isShares(asked.method)) return undefined;
    if (asked.peer === peer) return truth().then((shares) => change(shares as Shares, asked));
    return asked.peer === (peer + 1) % 4 ? sleep(world.platform.clock, 5_000).then(truth) : undefined;
  };
}

/** A new wallet receives a note while the guardians' shares are what `lie` says. */
async function received(lie: Lie): Promise<void> {
  const federation = await started;
  const wallet = await federation.wallet(world, `wallet ${wallets++}`);
  federation.lie = lie;
  try {
    const { operationId } = await world.finish(wallet.receive(federation.text(await federation.note(DENOMINATION))));
    assertEquals(await world.finish(wallet.awaitReceive(operationId)), { ok: true, value: null });
    assertEquals(await wallet.getBalance(), VALUE_MSAT);
  } finally {
    federation.lie = () => undefined;
  }
  await world.finish(wallet.close());
}

for (const [name, change] of Object.entries(WRONG)) {
  Deno.test(`notes come though a guardian gives as its shares ${name}`, () => received(lying(0, change)));
}

Deno.test("notes come though a guardian gives another one's shares", async () => {
  const { mint } = await started;
  const others = mint.guardians[1]!.module.apiEndpoints.signature_shares!;
  await received(lying(2, (_, { params }) => others.handle(params, { signal: new AbortController().signal })));
});

Deno.test("notes come though a guardian refuses to give shares, or never answers", async () => {
  await received(lying(3, () => {
    throw new Refusal(500, "no");
  }));
  await received(lying(3, () => new Promise(() => {})));
});

Deno.test("notes come though one place of a guardian's shares is damaged, whichever and however", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(3),
      fc.nat(),
      (peer, seed) => received(lying(peer, (shares) => fc.sample(damaged(shares), { numRuns: 1, seed: seed++ })[0]!)),
    ),
    { numRuns: 4 },
  );
});

Deno.test("while too few guardians give good shares the notes are waited for, over a restart too, and none is lost", async () => {
  const federation = await started;
  const wallet = await federation.wallet(world, "patient wallet");
  const swapped = WRONG["the right ones in another order"]!;
  federation.lie = (asked, truth) =>
    [1, 2].includes(asked.peer) && isShares(asked.method)
      ? truth().then((shares) => swapped(shares as Shares))
      : undefined;
  const { operationId } = await world.finish(wallet.receive(federation.text(await federation.note(DENOMINATION))));
  await world.world.run({ forMs: 600_000 });
  assertEquals(await wallet.getBalance(), 0n);
  assertEquals(await world.finish(wallet.client.activeMachines()), 1);
  await world.finish(wallet.close());
  const again = await federation.wallet(world, "patient wallet");
  await world.world.run({ forMs: 60_000 });
  assertEquals(await again.getBalance(), 0n);
  federation.lie = lying(1, swapped);
  assertEquals(await world.finish(again.awaitReceive(operationId)), { ok: true, value: null });
  assertEquals(await again.getBalance(), VALUE_MSAT);
  await world.finish(again.close());
});
