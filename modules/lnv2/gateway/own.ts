/**
 * What the parts of a gateway's module share: what it was started with, its key, contracts as parts of transactions.
 */
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { bigEndian } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { Amount, Amounts } from "../../../core/types/amount.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import { BITCOIN_UNIT, outPointsOf } from "../../../core/types/ids.ts";
import type { OperationId, OutPoint } from "../../../core/types/ids.ts";
import type { InputBundle, OutputBundle } from "../../contract/client_env.ts";
import type { LightningInput } from "../common.ts";
import { lightningInput, lightningOutput } from "../common.ts";
import type { ContractId, IncomingContract } from "../contracts.ts";
import { feeOf } from "../fees.ts";
import type { LightningGateway } from "./context.ts";
import { begun, keyIndex } from "./db.ts";
import type { GatewayEnv, GatewayTx } from "./env.ts";
import type { GatewayEvent } from "./events.ts";
import { GatewayFederation } from "./federation.ts";
import type { GatewayState } from "./states.ts";

export class GatewayWallet {
  readonly env: GatewayEnv;
  readonly gateway: LightningGateway;
  readonly federation: GatewayFederation;
  /**
   * 32 bytes, secret: claims outgoing contracts, forfeits them, takes back incoming ones. Each database has one of its
   * own: contracts that are keyed to another database of these words are another gateway's, as this one doesn't know
   * what it has paid for them.
   */
  readonly key: Bytes;
  /** 33 bytes. */
  readonly publicKey: Bytes;

  private constructor(env: GatewayEnv, gateway: LightningGateway, key: Bytes) {
    this.env = env;
    this.gateway = gateway;
    this.federation = new GatewayFederation(env);
    this.key = key;
    this.publicKey = publicKeyOf(this.key);
  }

  /** With the key of this database, which is durable. */
  static async open(env: GatewayEnv, gateway: LightningGateway): Promise<GatewayWallet> {
    const { store, secret, platform: { dice } } = env;
    const drawn = bigEndian(dice.bytes(8));
    const { value: index, durable } = await store.transact(async (tx) => {
      const known = await keyIndex.get(tx);
      if (known !== undefined) return known;
      // databases from before they had keys of their own have the key of the module's secret itself
      for await (const _ of begun.entries(tx)) return null;
      keyIndex.set(tx, drawn);
      return drawn;
    });
    await durable;
    return new GatewayWallet(env, gateway, index === null ? secret.secpKey() : secret.child(index).secpKey());
  }

  #worth(amountMsat: Amount): { readonly amounts: Amounts; readonly fees: Amounts } {
    return {
      amounts: new Map([[BITCOIN_UNIT, amountMsat]]),
      fees: new Map([[BITCOIN_UNIT, feeOf(this.env.config.feeConsensus, amountMsat)]]),
    };
  }

  /** A contract of ours, spent. Its machines are who makes it. */
  inputOf(input: LightningInput, amountMsat: Amount): InputBundle<GatewayState> {
    const encoded = toDyn(this.env.instance, lightningInput, input);
    return { inputs: [{ input: encoded, ...this.#worth(amountMsat), key: this.key }], machines: () => [] };
  }

  /** A contract that is funded, with the machine that watches over it. */
  outputOf(
    contract: IncomingContract,
    machine: (outpoint: OutPoint) => GatewayState,
  ): OutputBundle<GatewayState> {
    const output = toDyn(this.env.instance, lightningOutput, {
      tag: "V0",
      value: { tag: "Incoming", value: contract },
    });
    return {
      outputs: [{ output, ...this.#worth(contract.commitment.amount) }],
      machines: (range) => {
        const [outpoint, ...more] = outPointsOf(range);
        assert(outpoint && more.length === 0, "a contract is one output");
        return [machine(outpoint)];
      },
    };
  }
}

/** The operation that pays for, or pays with, a contract. */
export function operationOf(contract: ContractId): OperationId {
  return contract as string as OperationId;
}

/** Writes a persistent event together with all else of the transaction. */
export function logInto(tx: GatewayTx, { kind, payload }: GatewayEvent): void {
  tx.logEvent(kind, payload);
}
