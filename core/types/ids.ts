/**
 * Identifiers. 32-byte hashes are lower-case hex strings in TypeScript so that they can be map keys; on the wire they
 * are raw bytes.
 */
import type { Codec } from "../encoding/mod.ts";
import { hexId, mapCodec, struct, u16, u64, u64Exact, u64Number } from "../encoding/mod.ts";

/** A plain value whose type says what it identifies: one of another name doesn't fit in its place. */
export type Branded<T, Name extends string> = T & { readonly __is?: Name };

/** A guardian's number in its federation, 0 … n − 1 (u16). */
export type PeerId = Branded<number, "PeerId">;
/** Of a guardian's number. */
export const peerId: Codec<PeerId> = { ...u16, name: "PeerId" };

/** Which module of a federation (u16); 65535 is the client core's own. */
export type ModuleInstanceId = Branded<number, "ModuleInstanceId">;
/** Of a module's number. */
export const moduleInstanceId: Codec<ModuleInstanceId> = { ...u16, name: "ModuleInstanceId" };
/** Of the client core's own. */
export const GLOBAL_INSTANCE_ID: ModuleInstanceId = 0xffff;

/** SHA-256 of a transaction without its signatures; 64 hex digits, never reversed. */
export type TransactionId = Branded<string, "TransactionId">;
/** Of a transaction's id. */
export const transactionId: Codec<TransactionId> = hexId<TransactionId>("TransactionId");

/** SHA-256 of the encoded API endpoints; 64 hex digits. */
export type FederationId = Branded<string, "FederationId">;
/** Of a federation's id. */
export const federationId: Codec<FederationId> = hexId<FederationId>("FederationId");

/** A client's operation; 32 bytes as 64 hex digits. */
export type OperationId = Branded<string, "OperationId">;
/** Of an operation's id. */
export const operationId: Codec<OperationId> = hexId<OperationId>("OperationId");

/** A Bitcoin transaction, as Bitcoin shows it: 64 hex digits, byte-reversed against the wire. */
export type BitcoinTxid = Branded<string, "BitcoinTxid">;
/** Of a Bitcoin transaction's id. */
export const bitcoinTxid: Codec<BitcoinTxid> = hexId<BitcoinTxid>("Txid", 32, true);

/** A Bitcoin block, as Bitcoin shows it: 64 hex digits, byte-reversed against the wire. */
export type BlockHash = Branded<string, "BlockHash">;
/** Of a block's hash. */
export const blockHash: Codec<BlockHash> = hexId<BlockHash>("BlockHash", 32, true);

/** A plain SHA-256 digest as hex, not reversed. */
export type Sha256 = Branded<string, "Sha256">;
/** Of a digest. */
export const sha256Hash: Codec<Sha256> = hexId<Sha256>("sha256");

/** An output of a fedimint transaction. JSON `{"txid","out_idx"}`. */
export const outPoint: Codec<OutPoint> = struct("OutPoint", { txid: transactionId, outIdx: u64Exact });
/** `outIdx`: a bigint from 2^53 on, which no output ever has, but an evil input may name. */
export type OutPoint = { readonly txid: TransactionId; readonly outIdx: number | bigint };

/** An input of a fedimint transaction. JSON `{"txid","in_idx"}`. */
export const inPoint: Codec<InPoint> = struct("InPoint", { txid: transactionId, inIdx: u64Exact });
/** Which input of which transaction. */
export type InPoint = { readonly txid: TransactionId; readonly inIdx: number | bigint };

/** Positions start ≤ i < end. */
const idxRange: Codec<IdxRange> = struct("IdxRange", { start: u64Number, end: u64Number });
/** Positions start ≤ i < end. */
export type IdxRange = { readonly start: number; readonly end: number };

/** Outputs of one transaction, end exclusive. JSON `{"txid","idx_range":{"start","end"}}`. */
export const outPointRange: Codec<OutPointRange> = struct("OutPointRange", { txid: transactionId, idxRange });
/** Which outputs of which transaction. */
export type OutPointRange = { readonly txid: TransactionId; readonly idxRange: IdxRange };

/** Every output of a range. */
export function outPointsOf({ txid, idxRange: { start, end } }: OutPointRange): OutPoint[] {
  return Array.from({ length: end - start }, (_, i) => ({ txid, outIdx: start + i }));
}

/** Which money an amount counts; 0 is bitcoin. */
export type AmountUnit = Branded<bigint, "AmountUnit">;
/** Of a unit. */
export const amountUnit: Codec<AmountUnit> = mapCodec(u64, "AmountUnit", {
  decode: (value) => value as AmountUnit,
  encode: (value) => value,
});
/** The unit of bitcoin: amounts are millisatoshi. */
export const BITCOIN_UNIT: AmountUnit = 0n;
