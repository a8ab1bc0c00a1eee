import { assertEquals, assertRejects } from "@std/assert";
import { SimulatedWorld } from "../../../actors/platform/simulated/mod.ts";
import { utf8 } from "../../../core/bytes.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { G1 } from "../../../core/crypto/bls/mod.ts";
import { bls, invertScalar, scalarFromBigInt } from "../../../core/crypto/bls/mod.ts";
import { ChaChaRng } from "../../../core/crypto/chacha_rng.ts";
import { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import { evaluateScalars, randomPolynomial } from "../../../core/crypto/polynomial.ts";
import {
  aggregatePublicKeys,
  combineShares,
  messageToPoint,
  publicKeyShareOf,
  signShare,
  verifyNote,
} from "../../../core/crypto/tbs.ts";
import { g1Point } from "../../../core/types/bls.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { FederationApi } from "../../contract/federation_api.ts";
import { nonceOf } from "../ecash.ts";
import { BlindedNonces } from "./blinded_nonces.ts";
import type { IssuingWallet } from "./issued_notes.ts";
import { issuedNotes } from "./issued_notes.ts";
import { noteRequest, TWEAK_BYTES } from "./issuance.ts";

const PEERS = [0, 1, 2, 3], DENOMINATIONS = [3, 4];
const dice = new ChaChaRng(new Uint8Array(32));
const root = DerivableSecret.root(new Uint8Array(64), utf8("a wallet")).child(0);
const requests = [...Array(5).keys()].map((i) =>
  noteRequest(root, DENOMINATIONS[i % 2]!, new Uint8Array(TWEAK_BYTES).fill(i + 1) as Bytes)
);

/** Secret shares of a denomination's key. */
const secrets = new Map(DENOMINATIONS.map((denomination) => {
  const polynomial = randomPolynomial(3, (size) => dice.bytes(size));
  return [denomination, PEERS.map((peer) => evaluateScalars(polynomial, peer))] as const;
}));
const shareKeys = new Map(
  [...secrets].map(([denomination, all]) =>
    [denomination, new Map(all.map((secret, peer) => [peer, publicKeyShareOf(secret)] as const))] as const
  ),
);
const noteKeys = new Map([...shareKeys].map(([denomination, keys]) => [denomination, aggregatePublicKeys(keys, 3)]));

type Lie = (shares: readonly G1[], peer: number) => readonly G1[];

/** A wallet, guardians that answer in the order of their ids, and what it costs. */
function setting(lie: Lie = (shares) => shares) {
  const spent = { batches: 0, calls: 0 }, named: unknown[] = [];
  const { platform } = new SimulatedWorld(1).process("wallet");
  const counted = {
    ...platform,
    dice: {
      ...platform.dice,
      bytes: (size: number) => {
        spent.batches++;
        return platform.dice.bytes(size);
      },
    },
  };
  const blinds = new BlindedNonces();
  const sharesOf = (peer: number): readonly G1[] =>
    requests.map((request) => signShare(blinds.make(request), secrets.get(request.denomination)![peer]!));
  const api = {
    threshold: (
      { params }: { params: readonly string[] },
      filter: (peer: number, shares: unknown) => { ok: boolean },
    ) => {
      spent.calls++;
      assertEquals(params.length, requests.length);
      const passed = new Map<number, unknown>();
      for (const peer of PEERS) {
        const answer = filter(peer, lie(sharesOf(peer), peer)) as { ok: boolean; value?: unknown };
        if (answer.ok) passed.set(peer, answer.value);
        if (passed.size === 3) return Promise.resolve(passed);
      }
      return Promise.reject(new Error("too few"));
    },
  } as unknown as FederationApi;
  const log = {
    debug: () => {},
    info: () => {},
    warn: (_: string, facts?: unknown) => named.push(facts),
    error: () => {},
  };
  const env: IssuingWallet["env"] = { api, platform: counted, peers: numPeers(4), log };
  const wallet: IssuingWallet = { noteKeys, shareKeys, blinded: new BlindedNonces(), env };
  const issue = () =>
    issuedNotes(
      wallet,
      requests,
      { method: "signature_shares", params: (blinded) => blinded.map((point) => g1Point.toJson(point)) },
      { signal: new AbortController().signal },
    );
  return { issue, spent, named };
}

async function demandGood(issue: ReturnType<typeof setting>["issue"]): Promise<void> {
  const { notes, invalid } = await issue();
  assertEquals([notes.length, invalid], [requests.length, []]);
  for (const note of notes) {
    assertEquals(verifyNote(messageToPoint(nonceOf(note)), note.signature, noteKeys.get(note.denomination)!), true);
  }
}

Deno.test("notes of honest guardians are checked in one batch, whatever the guardians' number", async () => {
  const { issue, spent, named } = setting();
  await demandGood(issue);
  await demandGood(issue);
  assertEquals([spent, named], [{ batches: 2, calls: 2 }, []]);
});

const swapped: Lie = (shares, peer) => peer === 1 ? [...shares.slice(1), shares[0]!] : shares;

Deno.test("a liar is found and named, and later notes are asked for once again", async () => {
  const { issue, spent, named } = setting(swapped);
  await demandGood(issue);
  // all together, then each of four guardians, then all together
  assertEquals([spent, named], [{ batches: 6, calls: 2 }, [{ peer: 1 }]]);
  await demandGood(issue);
  assertEquals([spent, named], [{ batches: 11, calls: 3 }, [{ peer: 1 }]]);
});

Deno.test("shares that are wrong and cancel out are none that holds, and of two liars nothing is taken", async () => {
  const generator = bls.g1.generator;
  // what the first adds, times its factor, isn't what the second takes away, times its own
  const { issue, named } = setting((shares, peer) =>
    shares.map((share) =>
      peer === 0 ? bls.g1.add(share, generator) : peer === 1 ? bls.g1.add(share, bls.g1.negate(generator)) : share
    )
  );
  await assertRejects(issue, Error, "too few");
  assertEquals(named, [{ peer: 0 }, { peer: 1 }]);
});

Deno.test("shares that combine to infinity with the others', which a liar can ask for, are found as well", async () => {
  const blinds = new BlindedNonces();
  // 3·S0 − 3·S1 + S2 is what guardians 0, 1 and 2 combine to
  const third = invertScalar(scalarFromBigInt(3n));
  const { issue, named } = setting((shares, peer) =>
    peer > 0 ? shares : requests.map((request) => {
      const blinded = blinds.make(request), all = secrets.get(request.denomination)!;
      const [one, two] = [1, 2].map((other) => signShare(blinded, all[other]!)) as [G1, G1];
      const lie = bls.g1.add(one, bls.g1.negate(bls.g1.multiply(two, third)));
      assertEquals(combineShares(new Map([lie, one, two].entries()), 3), bls.g1.infinity);
      return lie;
    })
  );
  await demandGood(issue);
  assertEquals(named, [{ peer: 0 }]);
});

Deno.test("what a threshold of guardians signs wrongly with shares that hold is told as invalid", async () => {
  const { issue } = setting();
  const key = noteKeys.get(3)!;
  noteKeys.set(3, noteKeys.get(4)!);
  try {
    const { notes, invalid } = await issue();
    assertEquals(notes.map(({ denomination }) => denomination), [4, 4]);
    assertEquals(invalid, requests.filter(({ denomination }) => denomination === 3));
  } finally {
    noteKeys.set(3, key);
  }
});
