/**
 * Notes that were asked for, from guardians' signature shares. An answer counts as a whole, and only if every share in
 * it holds; a threshold of such answers makes the notes. docs/protocol/04-mint.md §7.
 */
import type { Dice } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { G1, G2 } from "../../../core/crypto/bls/mod.ts";
import { bls } from "../../../core/crypto/bls/mod.ts";
import { combineShares, messageSeed } from "../../../core/crypto/tbs.ts";
import { allSignaturesHold, verifySignatures } from "../../../core/crypto/tbs_batch.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { fixedHex, fixedList } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { AskOptions } from "../../contract/federation_api.ts";
import { codedEnd } from "../../contract/waiting.ts";
import type { SpendableNote } from "../ecash.ts";
import { NOTES_AT_ONCE } from "../limits.ts";
import type { NoteIssuanceRequest } from "./issuance.ts";
import { finishNote, requestNonce } from "./issuance.ts";
import type { Wallet } from "./wallet.ts";

/** `invalid`: what a threshold of guardians signed wrongly. */
export type IssuedNotes = {
  readonly notes: readonly SpendableNote[];
  readonly invalid: readonly NoteIssuanceRequest[];
};

/** What of a wallet it takes. */
export type IssuingWallet = Pick<Wallet, "noteKeys" | "shareKeys" | "blinded"> & {
  readonly env: Pick<Wallet["env"], "api" | "platform" | "peers">;
};

type Wanted = { readonly request: NoteIssuanceRequest; readonly blinded: G1 };

const shareBytes = fixedHex(bls.g1.size);

/**
 * @param method answers with a share for each request, in order
 * @param params of the method, given the blinded nonces
 * @throws {ApiError} unless `retry` · {WaitError}
 */
export async function issuedNotes(
  wallet: IssuingWallet,
  requests: readonly NoteIssuanceRequest[],
  { method, params }: { readonly method: string; readonly params: (blinded: readonly G1[]) => Json },
  options: AskOptions & { readonly signal: AbortSignal },
): Promise<IssuedNotes> {
  const { env: { api, platform: { dice, clock }, peers }, shareKeys, noteKeys } = wallet;
  const inTurn = <T, R>(all: readonly T[], work: (one: T, i: number) => R): Promise<R[]> =>
    worked(all, work, () => codedEnd(options.signal, () => sleep(clock, 0, options.signal)));
  const wanted = await inTurn(requests, (request): Wanted => ({ request, blinded: wallet.blinded.take(request) }));
  const answers = await api.threshold(
    {
      method,
      params: params(wanted.map(({ blinded }) => blinded)),
      // no guardian makes the client read more than it asked for
      result: fixedList(shareBytes, wanted.length),
    },
    (peer, shares) => checkedShares(wanted, shareKeys, peer, shares, dice),
    options,
  );
  const made = await inTurn(wanted, ({ request }, i) => {
    const shares = new Map([...answers].map(([peer, all]) => [peer, all[i]!]));
    return { request, note: finishNote(request, combineShares(shares, peers.threshold)) };
  });
  const wrong = new Set(verifySignatures(
    made.map(({ request, note }) => ({
      publicKey: noteKeys.get(request.denomination)!,
      signature: note.signature,
      seed: messageSeed(requestNonce(request)),
    })),
    (size) => dice.bytes(size),
  ));
  return {
    notes: made.filter((_, i) => !wrong.has(i)).map(({ note }) => note),
    invalid: made.filter((_, i) => wrong.has(i)).map(({ request }) => request),
  };
}

/** Others have their turn in between. */
async function worked<T, R>(
  all: readonly T[],
  work: (one: T, i: number) => R,
  pause: () => Promise<void>,
): Promise<R[]> {
  const done: R[] = [];
  for (const [i, one] of all.entries()) {
    if (i > 0 && i % NOTES_AT_ONCE === 0) await pause();
    done.push(work(one, i));
  }
  return done;
}

/** As many shares as requests; every one must hold. */
function checkedShares(
  wanted: readonly Wanted[],
  keys: ReadonlyMap<number, ReadonlyMap<PeerId, G2>>,
  peer: PeerId,
  shares: readonly Bytes[],
  dice: Dice,
): Result<readonly G1[], string> {
  const points = bls.g1.decodeMany(shares).filter((point) => point !== null);
  if (points.length < shares.length) return err("Response deserialization error: a share is no point");
  const checks = wanted.map(({ request, blinded }, i) => ({
    publicKey: keys.get(request.denomination)!.get(peer)!,
    signature: points[i]!,
    message: blinded,
  }));
  return allSignaturesHold(checks, (size) => dice.bytes(size))
    ? ok(points)
    : err("Unspecified condition error: invalid signature share");
}
