/**
 * Asking a federation's guardians: what a module may use, whatever connections lie below. docs/protocol/02-api.md §4.
 */
import type { Codec, Json } from "../../core/encoding/mod.ts";
import { FedimintError } from "../../core/result.ts";
import type { Result } from "../../core/result.ts";
import type { PeerId } from "../../core/types/ids.ts";

/** How a result is read and written. */
export type ApiResult<R> = Pick<Codec<R>, "fromJson" | "toJson"> & {
  /**
   * Reads a large result from its text, without the objects that `parseJson` makes. It takes only texts that are one
   * JSON value from the first character to the last, and gives what `fromJson` would. Null: it isn't written as usual
   * and is to be parsed. @throws {DecodeError} as `fromJson`
   */
  readonly fromText?: (text: string) => R | null;
};

/** Params and result of a method in their JSON forms. */
export type ApiCall<R> = {
  /** Without the module's prefix. */
  readonly method: string;
  readonly params: Json;
  readonly result: ApiResult<R>;
};

/** How to ask. */
export type AskOptions = {
  /**
   * Each guardian is asked again for ever, with back-off; else f + 1 failures, or half a minute of disagreement, end
   * it.
   */
  readonly retry?: boolean;
  readonly signal?: AbortSignal;
};

/** Every call rejects with a `WaitError` (`aborted`, `closed`) when its signal is aborted or the client closes. */
export interface FederationApi {
  /** All guardians, ascending. */
  readonly peerIds: readonly PeerId[];
  /**
   * A threshold of equal answers; guardians that differ are asked again.
   * @throws {ApiError} `federation` · `disagreement` · `not_supported`
   */
  consensus<R>(call: ApiCall<R>, options?: AskOptions): Promise<R>;
  /**
   * How far something has come that only grows, and alike on all guardians, while it may grow all the time. An honest
   * guardian has come so far, and what a threshold had agreed on when it was asked is not above.
   * @throws {ApiError} `federation` · `disagreement` · `not_supported`
   */
  reached(call: ApiCall<number>, options?: AskOptions): Promise<number>;
  /**
   * A threshold of equal answers, each guardian asked once; the error lists who said what.
   * @throws {ApiError} `disagreement`
   */
  agreement<R>(call: ApiCall<R>, options?: AskOptions): Promise<R>;
  /** The first answer that passes the filter. @throws {ApiError} */
  first<R, T>(
    call: ApiCall<R>,
    filter: (peer: PeerId, result: R) => Result<T, string>,
    options?: AskOptions,
  ): Promise<T>;
  /** A threshold of answers that pass the filter, by guardian. @throws {ApiError} */
  threshold<R, T>(
    call: ApiCall<R>,
    filter: (peer: PeerId, result: R) => Result<T, string>,
    options?: AskOptions,
  ): Promise<Map<PeerId, T>>;
  /** One guardian; `password` for admin calls. Secret. @throws {ApiError} */
  one<R>(
    peer: PeerId,
    call: ApiCall<R>,
    options?: { readonly password?: string; readonly signal?: AbortSignal },
  ): Promise<R>;
}

/** How the text of a guardian begins that was reached, and refuses what it was asked for. */
export const REFUSAL = "Unspecified server error: ";

/** Why guardians could not answer; the message names each guardian and its error. Texts are cut where they are long. */
export class ApiError extends FedimintError<
  /** `unauthorized`: they want another API secret than the client has. */
  | {
    readonly code: "federation" | "unauthorized";
    readonly method: string;
    readonly peers: Readonly<Record<number, string>>;
  }
  /** Each guardian's answer as JSON text, and the failures of those that gave none. */
  | {
    readonly code: "disagreement";
    readonly method: string;
    readonly answers: Readonly<Record<number, string>>;
    readonly errors: Readonly<Record<number, string>>;
  }
  | { readonly code: "not_supported"; readonly method: string }
> {}
