/** What a connection is asked, and how it is started. */
import type { ActorRef, Cast, Request } from "../protocol.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import type { RpcError, UnreadAnswer } from "./protocol.ts";
import type { RpcStatus } from "./status.ts";

/**
 * @param once it must not be asked twice: when its connection is lost it fails, else it is asked again on the next one
 */
export type RpcCall = {
  readonly method: string;
  readonly params: readonly Json[];
  readonly timeoutMs: number;
  readonly once?: boolean;
};

export type RpcMessage =
  /** Waits for the connection if there is none; `timeoutMs` covers both. */
  | Request<"call", RpcCall, Result<Json, RpcError>>
  /** The same, for results that are large: the caller reads the answer's text itself. */
  | Request<"callUnread", RpcCall, Result<UnreadAnswer | { readonly value: Json }, RpcError>>
  | Request<"status", null, RpcStatus>
  /** Answered as soon as the status is of another version than this. */
  | Request<"statusAfter", { version: number }, RpcStatus>
  /**
   * Opens a connection now, whatever it waited for: after a sleep, or in another network. One that is there is asked a
   * cheap question meanwhile: when it answers before the new one stands it is kept.
   */
  | Request<"reconnect", null, null>
  | Cast<"opened", { outcome: Result<null, RpcError> }>
  | Cast<"received", { line: number; text: string | null }>
  | Cast<"connect", null>
  | Cast<"look", { line: number }>
  | Cast<"timedOut", { id: number }>;

export type RpcRef = ActorRef<RpcMessage>;

export type RpcArgs = {
  readonly url: string;
  /** Sent with the upgrade, e.g. `Authorization`. Secret. */
  readonly headers?: Record<string, string>;
};
