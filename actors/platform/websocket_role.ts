/** Which side of a WebSocket one is: only servers ping. */
export type WebSocketRole =
  | { readonly side: "server"; readonly pingMs: number; readonly messageBytesMax: number }
  | { readonly side: "client"; readonly messageBytesMax: number };
