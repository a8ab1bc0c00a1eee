import type { HalfSent } from "./half_sent.ts";

/** Which side of a WebSocket one is: only servers ping. */
export type WebSocketRole =
  | {
    readonly side: "server";
    readonly pingMs: number;
    readonly messageBytesMax: number;
    /** Of all sockets of the server. */
    readonly halfSent?: HalfSent;
  }
  | { readonly side: "client"; readonly messageBytesMax: number };
