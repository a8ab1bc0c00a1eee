/** Requests for invoices as only a client of its own making asks them. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import { decode } from "../../core/encoding/mod.ts";
import { lightningConfig } from "../../modules/lnv2/config.ts";
import type { Commitment } from "../../modules/lnv2/contracts.ts";
import { makeIncomingContract } from "../../modules/lnv2/contracts.ts";
import { createBolt11InvoicePayload } from "../../modules/lnv2/gateway_api.ts";
import type { LightningWorld } from "./lightning.ts";

/** What a client of the first federation asks an invoice with; `changes` make it wrong. */
export async function invoicePayload(
  world: LightningWorld,
  changes: {
    readonly terms?: Partial<Commitment>;
    readonly amount?: bigint;
    readonly expirySecs?: number;
    readonly seed?: number;
    /** 32 bytes: what is encrypted, where that is not the preimage. */
    readonly encrypted?: Bytes;
    readonly boundTo?: Partial<Commitment>;
  } = {},
) {
  const { terms = {}, amount = 10_000_000n, expirySecs = 3_600, seed = 1 } = changes;
  const [{ federationId, module, wallet }] = await world.gateway.federations.all() as [
    Awaited<ReturnType<typeof world.gateway.federations.served>>,
  ];
  const { modules } = wallet.client.running.joined.config;
  const { config: { body } } = [...modules.values()].find(({ kind }) => kind === "lnv2")!;
  const preimage = new Uint8Array(32).fill(seed), key = publicKeyOf(new Uint8Array(32).fill(7));
  const commitment: Commitment = {
    paymentImage: { tag: "Hash", value: toHex(sha256(preimage)) },
    // less 2 sat and 0.3 %
    amount: 9_968_000n,
    expiration: BigInt(Math.floor(world.here.world.nowMs / 1_000) + 10_000_000_000),
    claimPk: key,
    refundPk: (await module!.facts()).publicKey,
    ephemeralPk: key,
    ...terms,
  };
  const made = makeIncomingContract(
    commitment,
    decode(lightningConfig, body).tpeAggPk,
    preimage,
    changes.encrypted ?? preimage,
  );
  const contract = { ...made, commitment: { ...commitment, ...changes.boundTo } };
  return createBolt11InvoicePayload.toJson({
    federationId,
    contract,
    amount,
    description: { tag: "Direct", value: "" },
    expirySecs,
  });
}
