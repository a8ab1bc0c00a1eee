/** JSON-RPC 2.0 over WebSocket, the calling side. Begin with `connection.ts`; `protocol.ts` is the text. */
export { apiSecretAuthorization, apiSecretHeaders } from "./api_secret.ts";
export { backOffMs } from "./back_off.ts";
export type { BackOff } from "./back_off.ts";
export { MESSAGE_BYTES_MAX, rpcConnection } from "./connection.ts";
export type { RpcArgs, RpcCall, RpcMessage, RpcRef } from "./messages.ts";
export { METHOD_NOT_FOUND, parseAnswer, REQUEST_TIMEOUT, requestText, RESPONSE_TOO_BIG } from "./protocol.ts";
export type { RpcAnswer, RpcError, UnreadAnswer } from "./protocol.ts";
export type { LinkState, RpcStatus } from "./status.ts";
