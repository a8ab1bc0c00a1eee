/**
 * What clients ask guardians. Answers tell only what is on disk: what somebody was told must not be undone by a crash.
 */
import type { Endpoint, NumPeers, OutPoint, ReadTx, StoreView } from "../../../../modules/contract/mod.ts";
import { endpoint, list, option, outPoint, readDurable, u64, unit } from "../../../../modules/contract/mod.ts";
import type { ListedBounty } from "../common.ts";
import { bounty, BOUNTY_API_VERSION, listedBounty, pageAfter } from "../common.ts";
import { PAGE_MAX } from "../limits.ts";
import { openBounties } from "./records.ts";
import { agreedTime } from "./time.ts";

async function page(tx: ReadTx, after: OutPoint | null): Promise<ListedBounty[]> {
  const found: ListedBounty[] = [];
  const options = { limit: PAGE_MAX, ...(after && { after }) };
  for await (const [id, open] of openBounties.entries(tx, options)) found.push({ id, bounty: open });
  return found;
}

// quote: endpoints
export function bountyEndpoints(store: StoreView, peers: NumPeers): { readonly [name: string]: Endpoint } {
  const since = BOUNTY_API_VERSION;
  return {
    /** The open bounty of this name; null when there is none any more. */
    bounty: endpoint({
      since,
      params: outPoint,
      result: option(bounty),
      handle: (id) => readDurable(store, async (tx) => await openBounties.get(tx, id) ?? null),
    }),
    /** A page of the open bounties, in the order of their names. */
    bounties: endpoint({
      since,
      shared: true,
      params: pageAfter,
      result: list(listedBounty),
      handle: (after) => readDurable(store, (tx) => page(tx, after)),
    }),
    /** Unix seconds that guardians agree on. */
    time: endpoint({
      since,
      shared: true,
      params: unit,
      result: u64,
      handle: () => readDurable(store, (tx) => agreedTime(tx, peers)),
    }),
  };
}
// quote: end
