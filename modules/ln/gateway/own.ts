/** What the parts of a gateway's module ln share: what it was started with, and its key. */
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { OperationId, OutPoint, OutPointRange, Sha256 } from "../../../core/types/ids.ts";
import type { ClientModuleEnv, ClientTx } from "../../contract/client_env.ts";
import { LnFederation } from "../client/federation.ts";
import { redeemKey } from "../client/keys.ts";
import type { LnClientConfig } from "../config.ts";
import type { LnGateway } from "./context.ts";
import type { LnGatewayState } from "./states.ts";

export type LnGatewayEnv = ClientModuleEnv<LnClientConfig, LnGatewayState>;
export type LnGatewayTx = ClientTx<LnGatewayState>;

export class LnGatewayWallet {
  readonly env: LnGatewayEnv;
  readonly gateway: LnGateway;
  readonly federation: LnFederation;
  /** 32 bytes, secret: claims outgoing contracts, gives them up, takes back incoming ones. */
  readonly key: Bytes;
  /** 33 bytes. */
  readonly publicKey: Bytes;

  constructor(env: LnGatewayEnv, gateway: LnGateway) {
    this.env = env;
    this.gateway = gateway;
    this.federation = new LnFederation(env);
    this.key = redeemKey(env.secret);
    this.publicKey = publicKeyOf(this.key);
  }
}

/** The operation that pays for, or pays with, a contract: its id, which of an incoming one is its payment hash. */
export function operationOf(contract: Sha256): OperationId {
  return contract as string as OperationId;
}

/** Every output of a range. */
export function outPointsOf({ txid, idxRange: { start, end } }: OutPointRange): OutPoint[] {
  return Array.from({ length: end - start }, (_, i) => ({ txid, outIdx: start + i }));
}
