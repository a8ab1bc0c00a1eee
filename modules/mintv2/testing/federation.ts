/** A mintv2 federation without a ceremony, network or consensus: for tests of guardians and of clients. */
import type { Dice } from "../../../actors/platform/platform.ts";
import type { StoreView } from "../../../actors/store/store.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import type { G1, Scalar } from "../../../core/crypto/bls/mod.ts";
import { bls, scalarFromWide } from "../../../core/crypto/bls/mod.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { blindMessage, combineShares, messageToPoint, unblind } from "../../../core/crypto/tbs.ts";
import { rollback } from "../../../actors/store/store.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { OutPoint } from "../../../core/types/ids.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { InputMeta, OutputMeta } from "../../contract/server.ts";
import { dealtRounds, dicePlatform, seededDice, testEnv, testStore } from "../../contract/testing/mod.ts";
import type { MintInput, MintInputError, MintOutput, MintOutputError, Note } from "../common.ts";
import type { MintConfig } from "../config.ts";
import { shareKey } from "../server/db.ts";
import type { Denomination } from "../denomination.ts";
import { mintv2Server } from "../server.ts";

type MintModule = Awaited<ReturnType<typeof mintv2Server.start>>;

export type TestGuardian = { readonly store: StoreView; readonly module: MintModule };

export type TestMint = {
  readonly config: MintConfig;
  readonly guardians: readonly TestGuardian[];
  readonly dice: Dice;
};

/** Keys for all denominations, dealt; the same seed gives the same federation. */
export async function testMint(
  options: {
    readonly guardians?: number;
    readonly seed?: number;
    readonly disableBaseFees?: boolean;
    /** Of each guardian; default in memory. */
    readonly store?: () => Promise<StoreView>;
  } = {},
): Promise<TestMint> {
  const total = options.guardians ?? 4;
  const dice = seededDice(options.seed ?? 1);
  const params = { network: "regtest", disableBaseFees: options.disableBaseFees ?? false } as const;
  const guardians: TestGuardian[] = [];
  let config: MintConfig | undefined;
  for (const rounds of dealtRounds(total, dice)) {
    const generated = await mintv2Server.distributedGen(rounds, params, dicePlatform(0));
    config = generated.config;
    const store = await (options.store?.() ?? testStore());
    const env = testEnv({
      store,
      ...generated,
      identity: rounds.identity,
      guardians: total,
      seed: rounds.identity + 100,
    });
    guardians.push({ store, module: await mintv2Server.start(env) });
  }
  return { config: config!, guardians, dice };
}

/** A note that was asked for, with what its owner needs to finish it. */
export type NoteRequest = {
  readonly secretKey: Bytes;
  readonly blindingKey: Scalar;
  readonly blindedNonce: G1;
  readonly output: Extract<MintOutput, { readonly tag: "V0" }>;
};

export function requestNote(dice: Dice, denomination: Denomination): NoteRequest {
  const secretKey = dice.bytes(32);
  secretKey[0] = 1;
  const blindingKey = scalarFromWide(dice.bytes(64));
  const blindedNonce = blindMessage(messageToPoint(publicKeyOf(secretKey)), blindingKey);
  return {
    secretKey,
    blindingKey,
    blindedNonce,
    output: { tag: "V0", value: { denomination, nonce: blindedNonce, tweak: dice.bytes(16) } },
  };
}

/** A position that no other call gave. */
export function freshOutPoint(dice: Dice): OutPoint {
  return { txid: toHex(dice.bytes(32)), outIdx: 0 };
}

/** Processes an output on one guardian as the engine does: a refusal leaves nothing behind. */
export async function processOutput(
  guardian: TestGuardian,
  output: MintOutput,
  outPoint: OutPoint,
): Promise<Result<OutputMeta, MintOutputError>> {
  type Outcome = Result<OutputMeta, MintOutputError>;
  const { value } = await guardian.store.transact<Outcome>(async (tx) => {
    const result = await guardian.module.processOutput(tx, output, outPoint);
    return result.ok ? result : rollback<Outcome>(result);
  });
  return value;
}

/**
 * Processes the inputs of one transaction on one guardian, up to the first that is refused: then none of them counts.
 */
export async function processInputs(
  guardian: TestGuardian,
  inputs: readonly MintInput[],
): Promise<Result<InputMeta[], { readonly index: number; readonly error: MintInputError }>> {
  type Outcome = Result<InputMeta[], { readonly index: number; readonly error: MintInputError }>;
  const { value } = await guardian.store.transact<Outcome>(async (tx) => {
    const metas: InputMeta[] = [];
    for (const [index, input] of inputs.entries()) {
      const result = await guardian.module.processInput(tx, input, { txid: "00".repeat(32), inIdx: index });
      if (!result.ok) return rollback<Outcome>(err({ index, error: result.error }));
      metas.push(result.value);
    }
    return ok(metas);
  });
  return value;
}

export function inputOf(note: Note): MintInput {
  return { tag: "V0", value: { note } };
}

/** Has all guardians sign a fresh note and puts their shares together. */
export async function issueNote(
  mint: TestMint,
  denomination: Denomination,
): Promise<Note & { readonly secretKey: Bytes }> {
  const request = requestNote(mint.dice, denomination);
  const outPoint = freshOutPoint(mint.dice);
  const shares = new Map<number, G1>();
  for (const [peer, guardian] of mint.guardians.entries()) {
    const result = await processOutput(guardian, request.output, outPoint);
    if (!result.ok) throw new Error(`A guardian refused the output: ${result.error.tag}`);
    const share = await guardian.store.read((tx) => tx.get(shareKey(outPoint)));
    shares.set(peer, bls.g1.decode(share!));
  }
  const { threshold } = numPeers(mint.guardians.length);
  return {
    denomination,
    nonce: publicKeyOf(request.secretKey),
    signature: unblind(combineShares(shares, threshold), request.blindingKey),
    secretKey: request.secretKey,
  };
}
