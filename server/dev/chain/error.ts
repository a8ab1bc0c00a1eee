/** Errors of the dev chain. */
import { FedimintError } from "../../../core/result.ts";

/** What the store holds is not a chain of ours. */
export class DevchainError extends FedimintError<
  { readonly code: "damaged"; readonly height: number; readonly reason: string }
> {}

/** Told to the caller of a method, with bitcoind's error code. */
export class RpcError extends FedimintError<{ readonly code: "rpc"; readonly rpcCode: number }> {
  constructor(rpcCode: number, message: string) {
    super({ code: "rpc", rpcCode }, message);
  }
}

/** Source: Core `rpc/protocol.h`. */
export const RPC = {
  MISC: -1,
  TYPE: -3,
  WALLET_FUNDS: -6,
  INVALID_ADDRESS_OR_KEY: -5,
  INVALID_PARAMETER: -8,
  DESERIALIZATION: -22,
  TRANSACTION_ERROR: -25,
  TRANSACTION_REJECTED: -26,
  TRANSACTION_ALREADY_IN_CHAIN: -27,
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  PARSE: -32700,
} as const;
