/**
 * For tests of what a transaction costs a guardian: a guardian with the mintv2 module, and transactions that exchange
 * notes of different denominations.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { bls } from "../../../core/crypto/bls/mod.ts";
import { schnorrVerifier } from "../../../core/crypto/secp/verifier.ts";
import { callsOf } from "../../../core/testing/calls.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { signTransaction } from "../../../core/types/transaction_signing.ts";
import type { AnyServerModule } from "../../../modules/contract/server.ts";
import { mintCodecs } from "../../../modules/mintv2/codecs.ts";
import type { Note } from "../../../modules/mintv2/common.ts";
import { mintInput, mintOutput } from "../../../modules/mintv2/common.ts";
import { countIssued } from "../../../modules/mintv2/server/db.ts";
import type { TestMint } from "../../../modules/mintv2/testing/federation.ts";
import { inputOf, issueNote, requestNote, testMint } from "../../../modules/mintv2/testing/federation.ts";
import { modulePrefix } from "../store/db.ts";
import type { ConsensusTest } from "./processing.ts";
import { INSTANCE, withConsensus } from "./processing.ts";

/** Of the notes of a transaction; each further note is of the next denomination. */
const FIRST_DENOMINATION = 4;
/** Notes of a transaction at most. */
const NOTES_MAX = 12;
/** Notes of a denomination that are spent in a test at most. */
const EACH_MAX = 100;

type SpendableNote = Note & { readonly secretKey: Bytes };

/**
 * Work that is counted. A product of pairings takes a Miller loop for each pair; a note that is signed is multiplied
 * once.
 */
type Work = {
  readonly products: number;
  readonly millerLoops: number;
  readonly multiplied: number;
  /** Schnorr signatures. */
  readonly verified: number;
};

export class MintLoad {
  readonly mint: TestMint;

  constructor(mint: TestMint) {
    this.mint = mint;
  }

  static async deal(): Promise<MintLoad> {
    return new MintLoad(await testMint({ guardians: 1, disableBaseFees: true }));
  }

  /** Consensus over the mint alone; what it owes is not looked at, as nobody has paid in. */
  async withConsensus(
    body: (test: ConsensusTest) => Promise<void>,
    more?: Parameters<typeof withConsensus>[3],
  ): Promise<void> {
    const module = { ...this.mint.guardians[0]!.module, audit: () => Promise.resolve(0n) } as Partial<AnyServerModule>;
    await withConsensus(module, mintCodecs, async (test) => {
      await test.store.view(modulePrefix(INSTANCE)).transact(async (tx) => {
        for (let i = 0; i < NOTES_MAX; i++) {
          for (let each = 0; each < EACH_MAX; each++) await countIssued(tx, FIRST_DENOMINATION + i, 1n);
        }
      });
      await body(test);
    }, more);
  }

  async notes(count: number): Promise<SpendableNote[]> {
    const notes: SpendableNote[] = [];
    for (let i = 0; i < count; i++) notes.push(await issueNote(this.mint, FIRST_DENOMINATION + i));
    return notes;
  }

  /** Exchanges notes for as many new ones. */
  exchange(notes: readonly SpendableNote[]): Transaction {
    const { dice } = this.mint;
    const unsigned = {
      inputs: notes.map((note) => toDyn(INSTANCE, mintInput, inputOf(note))),
      outputs: notes.map(({ denomination }) => toDyn(INSTANCE, mintOutput, requestNote(dice, denomination).output)),
      nonce: dice.bytes(8),
    };
    return signTransaction(unsigned, notes.map(({ secretKey }) => secretKey), () => dice.bytes(32));
  }
}

/** With the signature of no note. */
export function withBadSignature(note: SpendableNote): SpendableNote {
  return { ...note, signature: bls.g1.generator };
}

/** What `body` costs. */
export async function workOf(body: () => Promise<void>): Promise<Work> {
  using products = callsOf(bls.backend, "pairingProductIsOne", bls.backend.pairingProductIsOne);
  using multiplied = callsOf(bls.g1, "multiply", bls.g1.multiply);
  const { verifier } = schnorrVerifier.chosen();
  using verified = callsOf(verifier, "allHold", verifier.allHold);
  await body();
  return {
    products: products.args.length,
    millerLoops: products.args.reduce((sum, [pairs]) => sum + pairs.length, 0),
    multiplied: multiplied.args.length,
    verified: verified.args.reduce((sum, [checks]) => sum + checks.length, 0),
  };
}
