/** What the parts of a gateway's module ln share: what it was started with, and its key. */
import type { Bytes } from "../../../core/bytes.ts";
import { bigEndian } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { OperationId, Sha256 } from "../../../core/types/ids.ts";
import type { ClientModuleEnv, ClientTx } from "../../contract/client_env.ts";
import { LnFederation } from "../client/federation.ts";
import { redeemKey } from "../client/keys.ts";
import type { LnClientConfig } from "../config.ts";
import type { LnGateway } from "./context.ts";
import { keyIndex } from "./db.ts";
import type { LnGatewayState } from "./states.ts";

export type LnGatewayEnv = ClientModuleEnv<LnClientConfig, LnGatewayState>;
export type LnGatewayTx = ClientTx<LnGatewayState>;

export class LnGatewayWallet {
  readonly env: LnGatewayEnv;
  readonly gateway: LnGateway;
  readonly federation: LnFederation;
  /**
   * 32 bytes, secret: claims outgoing contracts, gives them up, takes back incoming ones. Each database has one of its
   * own: contracts that are keyed to another database of these words are another gateway's, as this one doesn't know
   * what it has paid for them.
   */
  readonly key: Bytes;
  /** 33 bytes. */
  readonly publicKey: Bytes;

  private constructor(env: LnGatewayEnv, gateway: LnGateway, key: Bytes) {
    this.env = env;
    this.gateway = gateway;
    this.federation = new LnFederation(env);
    this.key = key;
    this.publicKey = publicKeyOf(this.key);
  }

  /** With the key of this database, which is durable. */
  static async open(env: LnGatewayEnv, gateway: LnGateway): Promise<LnGatewayWallet> {
    const { store, secret, platform: { dice } } = env;
    const drawn = bigEndian(dice.bytes(8));
    const { value: index, durable } = await store.transact(async (tx) => {
      const known = await keyIndex.get(tx);
      if (known === undefined) keyIndex.set(tx, drawn);
      return known ?? drawn;
    });
    await durable;
    return new LnGatewayWallet(env, gateway, redeemKey(secret.child(index)));
  }
}

/** The operation that pays for, or pays with, a contract: its id, which of an incoming one is its payment hash. */
export function operationOf(contract: Sha256): OperationId {
  return contract as string as OperationId;
}
