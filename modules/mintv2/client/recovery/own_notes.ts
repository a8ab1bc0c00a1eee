/**
 * A wallet's own outputs in a slice of the log. Each output costs one hash for every secret; deriving a note's keys and
 * its blinded nonce, a thousand times as dear, is for those that pass: own ones, and one of 65,536 others.
 * docs/protocol/04-mint.md §12.
 */
import { hash160 } from "../../../../core/bitcoin/script.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import type { DerivableSecret } from "../../../../core/crypto/derive_secret.ts";
import type { Derivation } from "../../../contract/recovery.ts";
import { isOutputOf, noteRequest, requestNonce, tweakFilter } from "../issuance.ts";
import type { NoteIssuanceRequest } from "../issuance.ts";
import { TweakTest } from "../tweak_search.ts";
import type { PackedItem, Slice } from "./slice.ts";
import { denominationOf, nonceHashOf, outputAt, packedOutputs, tweakOf } from "./slice.ts";

/** A secret of the module, and by which way it comes from the words. Secret. */
export type WalletSecret = { readonly derivation: Derivation; readonly secret: DerivableSecret };

/** An own output of the log. Secret: its request holds keys. */
export type OwnOutput = {
  readonly index: number;
  readonly derivation: Derivation;
  readonly request: NoteIssuanceRequest;
  /** 20 bytes: as the note's redemption will be in the log. */
  readonly spentAs: Bytes;
};

type Candidate = { readonly item: PackedItem; readonly owner: WalletSecret };

export class OwnNotes {
  readonly #tests: readonly { readonly owner: WalletSecret; readonly test: TweakTest }[];

  constructor(secrets: readonly WalletSecret[]) {
    this.#tests = secrets.map((owner) => ({ owner, test: new TweakTest(tweakFilter(owner.secret)) }));
  }

  /** Outputs that may be own, in order. Cost: one hash an output and secret. */
  candidates(slice: Slice): Candidate[] {
    const { indices, tweaks } = packedOutputs(slice);
    return this.#tests.flatMap(({ owner, test }) =>
      test.passing(slice.bytes, tweaks).map((i) => ({ item: outputAt(indices[i]!, tweaks[i]!), owner }))
    ).sort((a, b) => a.item.index - b.item.index);
  }

  /** Whether it is own. Cost: some 1.5 ms. */
  ownOutput({ bytes }: Slice, { item, owner: { derivation, secret } }: Candidate): OwnOutput | null {
    const request = noteRequest(secret, denominationOf(bytes, item), tweakOf(bytes, item));
    const nonce = requestNonce(request);
    if (!isOutputOf(request, nonceHashOf(bytes, item), nonce)) return null;
    return { index: item.index, derivation, request, spentAs: hash160(nonce) };
  }
}
