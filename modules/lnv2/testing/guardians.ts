/** Guardians of lnv2 alone, over a chain that is a number and a clock that stands until it is moved. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { Result } from "../../../core/result.ts";
import type { OutPoint } from "../../../core/types/ids.ts";
import type { BitcoinSource } from "../../contract/bitcoin.ts";
import type { InputMeta, OutputMeta } from "../../contract/server.ts";
import { ManualClock, TestGuardians } from "../../contract/testing/mod.ts";
import type { TestGuardiansOptions } from "../../contract/testing/mod.ts";
import type {
  LightningInput,
  LightningInputError,
  LightningOutput,
  LightningOutputError,
  OutgoingWitness,
} from "../common.ts";
import type { Commitment, IncomingContract, OutgoingContract } from "../contracts.ts";
import { makeIncomingContract } from "../contracts.ts";
import type { G1 } from "../../../core/crypto/mod.ts";
import { lnv2Server } from "../server.ts";

/** What guardians' clocks show at the beginning: a whole minute. */
export const NOW_SECS = 1_700_000_040n;
export const BLOCK_COUNT = 500;

/** 32 bytes. */
export const PREIMAGE: Bytes = new Uint8Array(32).fill(42);
/** 32 bytes: the receiver decrypts with it. */
export const SEED: Bytes = new Uint8Array(32).fill(7);
/** Secret keys, 32 bytes each: of who claims, of who gets the money back, and the ephemeral one. */
export const CLAIM_KEY: Bytes = new Uint8Array(32).fill(1);
export const REFUND_KEY: Bytes = new Uint8Array(32).fill(2);
const EPHEMERAL_KEY: Bytes = new Uint8Array(32).fill(3);

const KEYS = {
  claimPk: publicKeyOf(CLAIM_KEY),
  refundPk: publicKeyOf(REFUND_KEY),
  ephemeralPk: publicKeyOf(EPHEMERAL_KEY),
};
const HASH = { tag: "Hash", value: toHex(sha256(PREIMAGE)) } as const;

/** 100 sat, for ten blocks. */
export function outgoingOf(changes: Partial<OutgoingContract> = {}): OutgoingContract {
  return { paymentImage: HASH, amount: 100_000n, expiration: BigInt(BLOCK_COUNT) + 10n, ...KEYS, ...changes };
}

/** 100 sat, for an hour. */
function termsOf(changes: Partial<Commitment> = {}): Commitment {
  return { paymentImage: HASH, amount: 100_000n, expiration: NOW_SECS + 3_600n, ...KEYS, ...changes };
}

/** The chain of all guardians' nodes, which is as long as it is said to be. */
export class TestHeight {
  blockCount = BLOCK_COUNT;
  reachable = true;
  network: "regtest" | "signet" = "regtest";

  get source(): BitcoinSource {
    const absent = (): never => {
      throw new Error("This test has no blocks");
    };
    return {
      status: () => {
        if (!this.reachable) return Promise.resolve(null);
        const { network, blockCount } = this;
        return Promise.resolve({
          network,
          chainId: "00".repeat(32),
          blockCount,
          feerateSatPerKvb: null,
          syncProgress: null,
        });
      },
      blockAt: absent,
      broadcast: absent,
    };
  }
}

type Guardians = Awaited<ReturnType<typeof startGuardians>>;

function startGuardians(options: TestGuardiansOptions) {
  return TestGuardians.start(lnv2Server, options);
}

export type TestLightning = {
  readonly guardians: Guardians;
  readonly clock: ManualClock;
  readonly chain: TestHeight;
};

/** Guardians that agree on time and block count. The same seed gives the same keys. */
export async function testLightning(options: TestGuardiansOptions = {}): Promise<TestLightning> {
  const chain = new TestHeight(), clock = new ManualClock();
  await clock.advance(Number(NOW_SECS) * 1_000);
  const guardians = await startGuardians({ clock, bitcoin: chain.source, ...options });
  await guardians.agree();
  return { guardians, clock, chain };
}

/** Lets all guardians see so many blocks, and agree. */
export async function mineTo({ chain, guardians }: TestLightning, blockCount: number): Promise<void> {
  chain.blockCount = blockCount;
  await guardians.agree();
}

/** Lets so much time go by, and guardians agree. */
export async function passSecs({ clock, guardians }: TestLightning, secs: number): Promise<void> {
  await clock.advance(secs * 1_000);
  await guardians.agree();
}

/** A contract for these guardians. */
export function incomingOf(
  { guardians }: Pick<TestLightning, "guardians">,
  changes: Partial<Commitment> = {},
  { seed = SEED, preimage = PREIMAGE }: { readonly seed?: Bytes; readonly preimage?: Bytes } = {},
): IncomingContract {
  return makeIncomingContract(termsOf(changes), guardians.config.tpeAggPk, seed, preimage);
}

export const outgoingOutput = (value: OutgoingContract): LightningOutput => ({
  tag: "V0",
  value: { tag: "Outgoing", value },
});
export const incomingOutput = (value: IncomingContract): LightningOutput => ({
  tag: "V0",
  value: { tag: "Incoming", value },
});
export const outgoingInput = (at: OutPoint, witness: OutgoingWitness): LightningInput => ({
  tag: "V0",
  value: { tag: "Outgoing", value: [at, witness] },
});
export const incomingInput = (at: OutPoint, key: G1): LightningInput => ({
  tag: "V0",
  value: { tag: "Incoming", value: [at, key] },
});

/** Funds a contract. @returns its outpoint */
export async function fund({ guardians }: TestLightning, output: LightningOutput): Promise<OutPoint> {
  const { txid, outIdx } = guardians.newTransaction(), at = { txid, outIdx };
  const funded: Result<OutputMeta, LightningOutputError> = await guardians.output(output, at);
  if (!funded.ok) throw new Error(`Guardians refused the output: ${funded.error.tag}`);
  return at;
}

/** Spends a contract. @returns `ok`, or the error's name */
export async function spend({ guardians }: TestLightning, input: LightningInput): Promise<string> {
  const spent: Result<InputMeta, LightningInputError> = await guardians.input(input);
  return spent.ok ? "ok" : spent.error.tag;
}
