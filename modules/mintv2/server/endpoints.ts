/**
 * The guardian's API for clients of mintv2: signature shares as they are made, and the log from which clients recover.
 */
import type { ReadTx, StoreView } from "../../../actors/store/store.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { DecodeError, fixedHex, list, tuple, u64Number, unit } from "../../../core/encoding/mod.ts";
import type { OutPointRange } from "../../../core/types/ids.ts";
import { outPointRange, sha256Hash } from "../../../core/types/ids.ts";
import { awaitValue } from "../../contract/await_value.ts";
import { EndpointError } from "../../contract/error.ts";
import { readDurable } from "../../contract/read_durable.ts";
import type { Endpoint } from "../../contract/server.ts";
import { endpoint, textEndpoint } from "../../contract/server.ts";
import { MINTV2_API_VERSION, MINTV2_API_VERSION_REQUIRED } from "../common.ts";
import { shareKey, shareOfNonce, sharesOf } from "./db.ts";
import type { SliceRange } from "./recovery_log.ts";
import { RecoveryLog } from "./recovery_log.ts";
import {
  NONCES_AT_ONCE,
  OUTPUT_INDEX_END_MAX,
  RECOVERY_NONCES_CHARACTERS_MAX,
  RECOVERY_NONCES_MAX,
  RECOVERY_NONCES_UNIT_CHARACTERS,
  SLICE_ITEMS_MAX,
} from "../limits.ts";

/** Points that were checked when they were stored, or are only looked up: 48 bytes each. */
const pointList = list(fixedHex(48));
/** First item, and the one behind the last. */
const sliceRange = tuple(u64Number, u64Number);

/**
 * The shares of all outputs of the range that are ours, once the last one exists: a transaction's outputs are stored
 * together. For an output of another module, or a transaction that never comes, the caller waits until it gives up.
 */
async function signatureShares(store: StoreView, range: OutPointRange, signal: AbortSignal): Promise<Bytes[]> {
  const { start, end } = range.idxRange;
  if (start >= end) return [];
  if (end > OUTPUT_INDEX_END_MAX) {
    throw EndpointError.badRequest(`A transaction has at most ${OUTPUT_INDEX_END_MAX} outputs, not ${end}`);
  }
  const last = shareKey({ txid: range.txid, outIdx: end - 1 });
  await awaitValue(store, last, (tx) => tx.get(last), signal);
  return await readDurable(store, (tx) => sharesOf(tx, range));
}

async function sharesOfNonces(tx: ReadTx, blindedNonces: readonly Bytes[]): Promise<Bytes[]> {
  const shares: Bytes[] = [];
  for (let at = 0; at < blindedNonces.length; at += NONCES_AT_ONCE) {
    const found = await Promise.all(blindedNonces.slice(at, at + NONCES_AT_ONCE).map((one) => shareOfNonce(tx, one)));
    for (const share of found) {
      if (!share) throw EndpointError.badRequest("No blinded signature share found");
      shares.push(share);
    }
  }
  return shares;
}

/** @throws {EndpointError} */
function requireSlice([start, end]: SliceRange): void {
  if (end - start > SLICE_ITEMS_MAX) {
    throw EndpointError.badRequest(`A slice has at most ${SLICE_ITEMS_MAX} items, not ${end - start}`);
  }
}

/** What a call will cost; one that is refused costs nothing beside being read. */
function unitsOf(cost: (range: SliceRange) => number): (params: Json) => number {
  return (params) => {
    try {
      const range = sliceRange.fromJson(params);
      return range[1] - range[0] > SLICE_ITEMS_MAX ? 1 : cost(range);
    } catch (thrown) {
      if (thrown instanceof DecodeError) return 1;
      throw thrown;
    }
  };
}

export function mintEndpoints(store: StoreView): { readonly [name: string]: Endpoint } {
  const since = MINTV2_API_VERSION_REQUIRED;
  const log = new RecoveryLog(store);
  return {
    signature_shares: endpoint({
      since: MINTV2_API_VERSION,
      params: outPointRange,
      result: pointList,
      handle: (range, { signal }) => signatureShares(store, range, signal),
    }),
    recovery_signature_shares: endpoint({
      since,
      requestCharactersMax: RECOVERY_NONCES_CHARACTERS_MAX,
      unitCharacters: RECOVERY_NONCES_UNIT_CHARACTERS,
      params: pointList,
      result: pointList,
      handle: async (nonces) => {
        if (nonces.length > RECOVERY_NONCES_MAX) {
          throw EndpointError.badRequest(`At most ${RECOVERY_NONCES_MAX} blinded nonces at once, not ${nonces.length}`);
        }
        return await readDurable(store, (tx) => sharesOfNonces(tx, nonces));
      },
    }),
    recovery_slice: textEndpoint({
      since,
      shared: true,
      units: unitsOf((range) => log.jsonUnits(range)),
      params: sliceRange,
      handle: async (range) => {
        requireSlice(range);
        return await log.json(range);
      },
    }),
    recovery_slice_hash: endpoint({
      since,
      shared: true,
      units: unitsOf((range) => log.hashUnits(range)),
      params: sliceRange,
      result: sha256Hash,
      handle: async (range) => {
        requireSlice(range);
        return await log.hash(range);
      },
    }),
    recovery_count: endpoint({ since, params: unit, result: u64Number, handle: () => log.count() }),
  };
}
