/** What a connection says of itself, and whoever waits for it to change. */
import type { ReplyTo } from "../protocol.ts";
import type { RpcError } from "./protocol.ts";

/** `idle`: nobody asks anything, so that nothing is opened · `connecting`: also while it waits to try again. */
export type LinkState = "connected" | "connecting" | "idle";

/** How a connection is. */
export type RpcStatus = {
  /** Another one with each change. */
  readonly version: number;
  readonly state: LinkState;
  /** Since when it is in this state, milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  /** The last time that it could not be opened, or was cut. */
  readonly lastError: { readonly kind: RpcError["kind"]; readonly message: string; readonly atMs: number } | null;
};

/** Who waits for a change; one that nobody waits for any more stays until the next. */
const WATCHERS_MAX = 64;

/** A connection's status as it stands, and who is told of the next one. */
export class StatusBoard {
  #status: RpcStatus;
  readonly #watchers: ReplyTo<RpcStatus>[] = [];

  constructor(nowMs: number) {
    this.#status = { version: 0, state: "idle", sinceMs: nowMs, lastError: null };
  }

  get status(): RpcStatus {
    return this.#status;
  }

  /** @returns whom to tell the status; none when nothing has changed */
  set(state: LinkState, nowMs: number, error?: RpcError): readonly ReplyTo<RpcStatus>[] {
    const before = this.#status;
    if (state === before.state && !error) return [];
    this.#status = {
      version: before.version + 1,
      state,
      sinceMs: state === before.state ? before.sinceMs : nowMs,
      lastError: error ? { kind: error.kind, message: error.message, atMs: nowMs } : before.lastError,
    };
    return this.#watchers.splice(0);
  }

  /** @returns whom to tell the status at once: who knows another one, or has waited longest when too many wait */
  watch(version: number, from: ReplyTo<RpcStatus>): readonly ReplyTo<RpcStatus>[] {
    if (version !== this.#status.version) return [from];
    this.#watchers.push(from);
    return this.#watchers.length > WATCHERS_MAX ? this.#watchers.splice(0, 1) : [];
  }
}
