/** What the client asks guardians: each answer is that of a threshold. */
import type { FederationApi, OutPoint } from "../../../../modules/contract/mod.ts";
import { list, option, outPoint, u64 } from "../../../../modules/contract/mod.ts";
import type { Bounty, ListedBounty } from "../common.ts";
import { bounty, listedBounty, pageAfter } from "../common.ts";

export class BountyFederation {
  readonly #api: FederationApi;

  constructor(api: FederationApi) {
    this.#api = api;
  }

  /** The open bounty of this name; null when there is none any more. @throws {ApiError} · {WaitError} */
  find(id: OutPoint, signal?: AbortSignal): Promise<Bounty | null> {
    return this.#api.consensus(
      { method: "bounty", params: outPoint.toJson(id), result: option(bounty) },
      until(signal),
    );
  }

  /**
   * A page of the open ones, in the order of their names; `after`: the last of the page before.
   * @throws {ApiError} · {WaitError}
   */
  page(after: OutPoint | null, signal?: AbortSignal): Promise<ListedBounty[]> {
    const params = pageAfter.toJson(after);
    return this.#api.consensus({ method: "bounties", params, result: list(listedBounty) }, until(signal));
  }

  /** Unix seconds that guardians agree on; 0 when they don't yet. @throws {ApiError} · {WaitError} */
  time(signal?: AbortSignal): Promise<bigint> {
    return this.#api.consensus({ method: "time", params: null, result: u64 }, until(signal));
  }
}

function until(signal: AbortSignal | undefined): { readonly signal?: AbortSignal; readonly retry: true } {
  return signal ? { signal, retry: true } : { retry: true };
}
