/**
 * Notes that were asked for, from guardians' signature shares. An answer counts as a whole; a threshold of answers
 * makes the notes. docs/protocol/04-mint.md §7.
 *
 * There is one signature that holds for a blinded nonce, so what shares combine to is checked and not the shares: one
 * batch, where a threshold of guardians would take one each. Only when it doesn't hold guardians are asked once more,
 * and every share of an answer must hold for it to count. Who has met wrong shares goes that way from then on: a liar
 * among the guardians can't make each payment ask twice.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { G1, G2 } from "../../../core/crypto/bls/mod.ts";
import { bls } from "../../../core/crypto/bls/mod.ts";
import { combineShares } from "../../../core/crypto/tbs.ts";
import type { SignatureCheck } from "../../../core/crypto/tbs_batch.ts";
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
import { finishNote } from "./issuance.ts";
import type { Wallet } from "./wallet.ts";

/** `invalid`: what a threshold of guardians signed wrongly. */
export type IssuedNotes = {
  readonly notes: readonly SpendableNote[];
  readonly invalid: readonly NoteIssuanceRequest[];
};

/** What of a wallet it takes. */
export type IssuingWallet = Pick<Wallet, "noteKeys" | "shareKeys" | "blinded"> & {
  readonly env: Pick<Wallet["env"], "api" | "platform" | "peers" | "log">;
};

type Wanted = { readonly request: NoteIssuanceRequest; readonly blinded: G1 };
/** What guardians' shares combine to, blinded still; and the places of those that don't hold. */
type Signed = { readonly signatures: readonly G1[]; readonly wrong: ReadonlySet<number> };
type Shares = { readonly peer: PeerId; readonly points: readonly G1[] };

/** Wallets that have met shares which don't combine to a signature, with the guardians that are known to give such. */
const doubting = new WeakMap<IssuingWallet, Set<PeerId>>();

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
  const { env: { api, platform: { dice, clock }, peers }, noteKeys } = wallet;
  const inTurn = <T, R>(all: readonly T[], work: (one: T, i: number) => R): Promise<R[]> =>
    worked(all, work, () => codedEnd(options.signal, () => sleep(clock, 0, options.signal)));
  const wanted = await inTurn(requests, (request): Wanted => ({ request, blinded: wallet.blinded.take(request) }));
  const call = {
    method,
    params: params(wanted.map(({ blinded }) => blinded)),
    // no guardian makes the client read more than it asked for
    result: fixedList(shareBytes, wanted.length),
  };
  const signed = async (check: (shares: Shares) => Result<readonly G1[], string>): Promise<Signed> => {
    const answers = await api.threshold(call, (peer, shares) => {
      const points = pointsOf(shares);
      return points.ok ? check({ peer, points: points.value }) : points;
    }, options);
    const signatures = await inTurn(
      wanted,
      (_, i) => combineShares(new Map([...answers].map(([peer, all]) => [peer, all[i]!])), peers.threshold),
    );
    return { signatures, wrong: new Set(verifySignatures(blindChecks(wanted, signatures, noteKeys), random)) };
  };
  const random = (size: number): Bytes => dice.bytes(size);
  let found = doubting.has(wallet) ? null : await signed(({ points }) => ok(points));
  if (found === null || found.wrong.size > 0) {
    const liars = doubting.get(wallet) ?? new Set();
    doubting.set(wallet, liars);
    found = await signed((shares) => holding(wallet, { wanted, shares, liars, random }));
  }
  const { signatures, wrong } = found;
  const good = [...wanted.keys()].filter((i) => !wrong.has(i));
  return {
    notes: await inTurn(good, (i) => finishNote(wanted[i]!.request, signatures[i]!)),
    invalid: requests.filter((_, i) => wrong.has(i)),
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

function pointsOf(shares: readonly Bytes[]): Result<readonly G1[], string> {
  const points = bls.g1.decodeMany(shares).filter((point) => point !== null);
  return points.length < shares.length ? err("Response deserialization error: a share is no point") : ok(points);
}

/** Signatures of blinded nonces, each to be checked with the key of its denomination. */
function blindChecks(
  wanted: readonly Wanted[],
  signatures: readonly G1[],
  keys: ReadonlyMap<number, G2>,
): SignatureCheck[] {
  return wanted.map(({ request, blinded }, i) => ({
    publicKey: keys.get(request.denomination)!,
    signature: signatures[i]!,
    message: blinded,
  }));
}

type Checking = {
  readonly wanted: readonly Wanted[];
  readonly shares: Shares;
  readonly liars: Set<PeerId>;
  readonly random: (size: number) => Bytes;
};

/** The shares, if every one of them holds; else their guardian is among the liars, and is named once. */
function holding(
  { shareKeys, env: { log } }: IssuingWallet,
  { wanted, shares: { peer, points }, liars, random }: Checking,
): Result<readonly G1[], string> {
  const keys = new Map([...shareKeys].map(([denomination, all]) => [denomination, all.get(peer)!]));
  if (allSignaturesHold(blindChecks(wanted, points, keys), random)) return ok(points);
  if (!liars.has(peer)) log.warn("A guardian gives wrong shares of new notes' signatures", { peer });
  liars.add(peer);
  return err("Unspecified condition error: invalid signature share");
}
