/** Guardians of ln alone, over a chain that is a number and a clock that stands until it is moved. */
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf, scalarFromBigInt, schnorrSign } from "../../../core/crypto/mod.ts";
import { encrypt } from "../../../core/crypto/threshold_crypto.ts";
import type { Sha256 } from "../../../core/types/ids.ts";
import type { BitcoinSource } from "../../contract/bitcoin.ts";
import { ManualClock, TestGuardians } from "../../contract/testing/mod.ts";
import type { TestGuardiansOptions } from "../../contract/testing/mod.ts";
import type { LnConsensusItem, LnInput, LnOutput } from "../common.ts";
import { federationKey } from "../config.ts";
import type { LnConfig } from "../config.ts";
import type { IncomingContract, IncomingContractOffer, OutgoingContract } from "../contracts.ts";
import { cancellationMessage, outgoingContractId, paymentHashOfKey } from "../contracts.ts";
import type { GatewayAnnouncement, LightningGateway } from "../gateways.ts";
import { registrationMessage } from "../gateways.ts";
import { lnServer } from "../server.ts";

export const NOW_MS = 1_700_000_040_000;
export const BLOCK_COUNT = 500;

/** Secret keys, 32 bytes each: a recipient's, a gateway's, a payer's. */
const RECIPIENT_KEY: Bytes = new Uint8Array(32).fill(1);
export const GATEWAY_KEY: Bytes = new Uint8Array(32).fill(2);
export const USER_KEY: Bytes = new Uint8Array(32).fill(3);
/** 33 bytes: what the recipient offers, encrypted. */
export const PREIMAGE_KEY: Bytes = publicKeyOf(RECIPIENT_KEY);
export const HASH: Sha256 = paymentHashOfKey(PREIMAGE_KEY);

/** The chain of all guardians' nodes, which is as long as it is said to be. */
class TestHeight {
  blockCount = BLOCK_COUNT;
  network: "regtest" | "signet" = "regtest";

  get source(): BitcoinSource {
    const absent = (): never => {
      throw new Error("This test has no blocks");
    };
    return {
      status: () =>
        Promise.resolve({
          network: this.network,
          chainId: "00".repeat(32),
          blockCount: this.blockCount,
          feerateSatPerKvb: null,
          syncProgress: null,
        }),
      blockAt: absent,
      broadcast: absent,
    };
  }
}

type Guardians = Awaited<ReturnType<typeof startGuardians>>;

function startGuardians(options: TestGuardiansOptions) {
  return TestGuardians.start(lnServer, options);
}

export type TestLn = { readonly guardians: Guardians; readonly clock: ManualClock; readonly chain: TestHeight };

/** Guardians that agree on the block count; by default on version 2.1 too. The same seed gives the same keys. */
export async function testLn(
  { fundedOnce = true, ...options }: TestGuardiansOptions & { readonly fundedOnce?: boolean } = {},
): Promise<TestLn> {
  const chain = new TestHeight(), clock = new ManualClock();
  await clock.advance(NOW_MS);
  const guardians = await startGuardians({ clock, bitcoin: chain.source, ...options });
  await guardians.agree();
  if (fundedOnce) {
    for (const peer of guardians.guardians.keys()) await guardians.item(versionVote(2, 1), peer);
  }
  return { guardians, clock, chain };
}

export function versionVote(major: number, minor: number): LnConsensusItem {
  return { tag: "ModuleConsensusVersion", value: { major, minor } };
}

/** Lets all guardians see so many blocks, and agree. */
export async function mineTo({ chain, guardians }: TestLn, blockCount: number): Promise<void> {
  chain.blockCount = blockCount;
  await guardians.agree();
}

/** 100 sat for the recipient's key, or another plaintext; with other randomness another ciphertext. */
export function offerOf(
  config: LnConfig,
  { plaintext = PREIMAGE_KEY, random = 7n, ...changes }: Partial<IncomingContractOffer> & {
    readonly plaintext?: Bytes;
    readonly random?: bigint;
  } = {},
): IncomingContractOffer {
  const encryptedPreimage = encrypt(federationKey(config), plaintext, scalarFromBigInt(random));
  return { amount: 100_000n, hash: HASH, encryptedPreimage, expiryTime: null, ...changes };
}

/** What buys it. */
export function incomingOf(
  { hash, encryptedPreimage }: IncomingContractOffer,
  changes: Partial<IncomingContract> = {},
): IncomingContract {
  const gatewayKey = publicKeyOf(GATEWAY_KEY);
  return { hash, encryptedPreimage, decryptedPreimage: { tag: "Pending", value: null }, gatewayKey, ...changes };
}

/** For ten blocks. */
export function outgoingOf(changes: Partial<OutgoingContract> = {}): OutgoingContract {
  return {
    hash: HASH,
    gatewayKey: publicKeyOf(GATEWAY_KEY),
    timelock: BLOCK_COUNT + 10,
    userKey: publicKeyOf(USER_KEY),
    cancelled: false,
    ...changes,
  };
}

export const offerOutput = (value: IncomingContractOffer): LnOutput => ({ tag: "V0", value: { tag: "Offer", value } });
export const incomingOutput = (value: IncomingContract, amount = 100_000n): LnOutput => ({
  tag: "V0",
  value: { tag: "Contract", value: { amount, contract: { tag: "Incoming", value } } },
});
export const outgoingOutput = (value: OutgoingContract, amount = 100_000n): LnOutput => ({
  tag: "V0",
  value: { tag: "Contract", value: { amount, contract: { tag: "Outgoing", value } } },
});

export function cancelOutput(terms: OutgoingContract, key: Bytes = GATEWAY_KEY): LnOutput {
  const contract = outgoingContractId(terms);
  const gatewaySignature = schnorrSign(cancellationMessage(contract), key, new Uint8Array(32));
  return { tag: "V0", value: { tag: "CancelOutgoing", value: { contract, gatewaySignature } } };
}

export function spending(contractId: Sha256, amount: bigint, witness: Bytes | null = null): LnInput {
  return { tag: "V0", value: { contractId, amount, witness } };
}

/** `ok`, or the error's name. */
export async function outcome(
  result: Promise<{ readonly ok: true } | { readonly ok: false; readonly error: { readonly tag: string } }>,
): Promise<string> {
  const settled = await result;
  return settled.ok ? "ok" : settled.error.tag;
}

/** What a gateway says of itself. @param secret of its id, 32 bytes */
export function gatewayOf(secret: Bytes, changes: Partial<LightningGateway> = {}): LightningGateway {
  const key = publicKeyOf(secret);
  return {
    federationIndex: 1n,
    gatewayRedeemKey: key,
    nodePubKey: key,
    lightningAlias: "gateway",
    api: "https://gateway.example/v1",
    routeHints: [],
    fees: { baseMsat: 1_000, proportionalMillionths: 100 },
    gatewayId: key,
    supportsPrivatePayments: true,
    ...changes,
  };
}

/** For ten minutes; signed with this nonce, or not at all. */
export function announcementOf(
  config: LnConfig,
  secret: Bytes,
  { nonce, ttlSecs = 600n, ...changes }: Partial<LightningGateway> & {
    readonly nonce?: bigint;
    readonly ttlSecs?: bigint;
  } = {},
): GatewayAnnouncement {
  const info = gatewayOf(secret, changes);
  const signature = nonce === undefined
    ? null
    : schnorrSign(registrationMessage(federationKey(config), nonce, info), secret, new Uint8Array(32));
  return {
    info,
    vetted: true,
    ttl: { secs: ttlSecs, nanos: 0 },
    auth: nonce === undefined ? null : { nonce, signature: signature! },
  };
}
