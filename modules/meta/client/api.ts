/**
 * What applications do with a federation's meta values: read what guardians agreed on, and as a guardian's admin submit
 * a vote.
 */
import { map, option, u64, unit } from "../../../core/encoding/mod.ts";
import { FedimintError } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { peerId } from "../../../core/types/ids.ts";
import type { ClientModuleEnv } from "../../contract/client_env.ts";
import type { MetaConsensusValue, MetaKey, MetaValue } from "../common.ts";
import { metaConsensusValue, metaKey, metaValue, submitRequest } from "../common.ts";
import { META_VALUE_BYTES_MAX } from "../limits.ts";

/** Why a vote for a value can't be given. */
export class MetaError extends FedimintError<
  | { readonly code: "no_admin" }
  | { readonly code: "too_large"; readonly bytes: number; readonly bytesMax: number }
> {}

type MetaEnv = Pick<ClientModuleEnv<null, null>, "api" | "admin">;

function until(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {};
}

/** A federation's meta values. */
export class MetaClient {
  readonly #env: MetaEnv;

  /** @internal */
  constructor(env: MetaEnv) {
    this.#env = env;
  }

  /**
   * What a threshold of guardians wants under a key, with its revision; null when they have agreed on nothing.
   * @throws {ApiError}
   */
  get(key: MetaKey, signal?: AbortSignal): Promise<MetaConsensusValue | null> {
    const call = { method: "get_consensus", params: metaKey.toJson(key), result: option(metaConsensusValue) };
    return this.#env.api.consensus(call, until(signal));
  }

  /** The revision alone: whoever looks for changes needs no more. @throws {ApiError} */
  revision(key: MetaKey, signal?: AbortSignal): Promise<bigint | null> {
    const call = { method: "get_consensus_rev", params: metaKey.toJson(key), result: option(u64) };
    return this.#env.api.consensus(call, until(signal));
  }

  /**
   * Votes that are no consensus yet, as the own guardian has counted them.
   * @throws {MetaError} `no_admin`
   * @throws {ApiError}
   */
  async submissions(key: MetaKey, signal?: AbortSignal): Promise<ReadonlyMap<PeerId, MetaValue>> {
    const { peer, password } = this.#admin();
    const call = { method: "get_submission", params: metaKey.toJson(key), result: map(peerId, metaValue) };
    return await this.#env.api.one(peer, call, { password, ...until(signal) });
  }

  /**
   * Votes with the own guardian for a value. A vote for what is consensus already takes an earlier vote back.
   * @throws {MetaError} `no_admin` · `too_large` @throws {ApiError}
   */
  async submit(key: MetaKey, value: MetaValue, signal?: AbortSignal): Promise<void> {
    const { peer, password } = this.#admin();
    if (value.length > META_VALUE_BYTES_MAX) {
      throw new MetaError(
        { code: "too_large", bytes: value.length, bytesMax: META_VALUE_BYTES_MAX },
        `The value has ${value.length} bytes: guardians can't agree on more than ${META_VALUE_BYTES_MAX}`,
      );
    }
    const call = { method: "submit", params: submitRequest.toJson({ key, value }), result: unit };
    await this.#env.api.one(peer, call, { password, ...until(signal) });
  }

  #admin(): { readonly peer: PeerId; readonly password: string } {
    const { admin } = this.#env;
    if (!admin) throw new MetaError({ code: "no_admin" }, "Admin auth not set");
    return admin;
  }
}
