/**
 * What the parts of a gateway's module share: what it was started with, its key, contracts as parts of transactions.
 */
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { Amount, Amounts } from "../../../core/types/amount.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import { BITCOIN_UNIT } from "../../../core/types/ids.ts";
import type { OperationId, OutPoint, OutPointRange } from "../../../core/types/ids.ts";
import type { InputBundle, OutputBundle } from "../../contract/client_env.ts";
import type { LightningInput } from "../common.ts";
import { lightningInput, lightningOutput } from "../common.ts";
import type { ContractId, IncomingContract } from "../contracts.ts";
import { feeOf } from "../fees.ts";
import type { LightningGateway } from "./context.ts";
import type { GatewayEnv, GatewayTx } from "./env.ts";
import type { GatewayEvent } from "./events.ts";
import { GatewayFederation } from "./federation.ts";
import type { GatewayState } from "./states.ts";

export class GatewayWallet {
  readonly env: GatewayEnv;
  readonly gateway: LightningGateway;
  readonly federation: GatewayFederation;
  /**
   * 32 bytes, secret: claims outgoing contracts, forfeits them, takes back incoming ones. It is the key of the module's
   * secret itself, with no child.
   */
  readonly key: Bytes;
  /** 33 bytes. */
  readonly publicKey: Bytes;

  constructor(env: GatewayEnv, gateway: LightningGateway) {
    this.env = env;
    this.gateway = gateway;
    this.federation = new GatewayFederation(env);
    this.key = env.secret.secpKey();
    this.publicKey = publicKeyOf(this.key);
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

/** Every output of a range. */
export function outPointsOf({ txid, idxRange: { start, end } }: OutPointRange): OutPoint[] {
  return Array.from({ length: end - start }, (_, i) => ({ txid, outIdx: start + i }));
}

/** Writes a persistent event together with all else of the transaction. */
export function logInto(tx: GatewayTx, { kind, payload }: GatewayEvent): void {
  tx.logEvent(kind, payload);
}
