/** Own notes in the log of test guardians. */
import { assert } from "../../../core/assert.ts";
import { SimulatedWorld } from "../../../actors/platform/simulated/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { utf8 } from "../../../core/bytes.ts";
import type { G1 } from "../../../core/crypto/bls/mod.ts";
import { bls } from "../../../core/crypto/bls/mod.ts";
import type { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import { combineShares } from "../../../core/crypto/tbs.ts";
import { seededDice } from "../../contract/testing/mod.ts";
import type { NoteIssuanceRequest } from "../client/issuance.ts";
import { blindedNonce, finishNote, noteRequest, tweakFilter } from "../client/issuance.ts";
import { searchTweak } from "../client/tweak_search.ts";
import { CLIENT_DENOMINATIONS, denominationAmount } from "../denomination.ts";
import type { SpendableNote } from "../ecash.ts";
import { shareOfNonce } from "../server/db.ts";
import { LogGuardians } from "./log_guardians.ts";
import type { WalletOptions } from "./restored_wallet.ts";
import { RestoredWallet, testSecret } from "./restored_wallet.ts";

/** Of the same words by another derivation. */
export const otherSecret: DerivableSecret = testSecret.tweak(utf8("other"));

const dice = seededDice(9);

function tweaksOf(secret: DerivableSecret, count: number): Bytes[] {
  return Array.from({ length: count }, () => {
    for (;;) {
      const tweak = searchTweak(tweakFilter(secret), dice.bytes(16), 65_536);
      if (tweak) return tweak;
    }
  });
}

const tweaks = new Map([[testSecret, tweaksOf(testSecret, 4)], [otherSecret, tweaksOf(otherSecret, 1)]]);

/** Notes of a wallet, no two alike: 33 denominations a tweak. */
export function notesOf(secret: DerivableSecret, count: number): NoteIssuanceRequest[] {
  const its = tweaks.get(secret)!, kinds = CLIENT_DENOMINATIONS.length;
  assert(count <= its.length * kinds, "there are so many different notes");
  return Array.from(
    { length: count },
    (_, i) => noteRequest(secret, CLIENT_DENOMINATIONS[i % kinds]!, its[Math.floor(i / kinds)]!),
  );
}

export function valueMsat(requests: readonly NoteIssuanceRequest[]): bigint {
  return requests.reduce((sum, { denomination }) => sum + denominationAmount(denomination), 0n);
}

/** The note that a request has become. */
export async function issuedNote(guardians: LogGuardians, request: NoteIssuanceRequest): Promise<SpendableNote> {
  const shares = new Map<number, G1>();
  for (const peer of guardians.peerIds.slice(0, guardians.peers.threshold)) {
    const { store } = guardians.guardians.guardians[peer]!;
    const share = await store.read((tx) => shareOfNonce(tx, blindedNonce(request)));
    shares.set(peer, bls.g1.decode(share!));
  }
  return finishNote(request, combineShares(shares, guardians.peers.threshold));
}

/** Guardians with an empty log, and wallets that are restored from it. */
export async function recoverySetting(seed = 1) {
  const world = new SimulatedWorld(seed);
  const guardians = await LogGuardians.start(world);
  return {
    world,
    guardians,
    wallet: (options: WalletOptions = {}) => new RestoredWallet(world, guardians, options),
    finish: <T>(promise: Promise<T>) => world.finish(promise, { forMs: 3_600_000 }),
    redeem: async (request: NoteIssuanceRequest) => guardians.redeem(await issuedNote(guardians, request)),
  };
}
export type RecoverySetting = Awaited<ReturnType<typeof recoverySetting>>;

/** A log with own notes, some of them redeemed, among those of others. @returns what is left of them */
export async function mixedLog({ guardians, redeem }: RecoverySetting, count = 12): Promise<bigint> {
  const notes = notesOf(testSecret, count);
  for (let i = 0; i < notes.length; i += 3) {
    await guardians.issue(...notes.slice(i, i + 3));
    await guardians.addForeign(25 + i);
    if (i % 2 === 0) await redeem(notes[i]!);
  }
  return valueMsat(notes.filter((_, i) => i % 6 !== 0));
}
