/** Why a gateway doesn't do what it is asked. */
import { FedimintError } from "../../core/result.ts";

export class GatewayError extends FedimintError<
  {
    readonly code:
      | "not_running"
      | "not_connected"
      | "already_connected"
      | "no_lightning"
      | "wrong_network"
      | "under_way"
      | "fees_too_high"
      | "receive_disabled"
      | "rate_limited"
      | "node_not_connected"
      | "incoming"
      | "outgoing"
      | "node"
      | "invalid";
  }
> {}
