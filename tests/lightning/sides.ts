/** The guardians of one Lightning module behind a script, as a world needs them, and a gateway that they know. */
import type { Bytes } from "../../core/bytes.ts";
import type { Codec, Json } from "../../core/encoding/mod.ts";
import { decode, encode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err } from "../../core/result.ts";
import type { Dyn } from "../../core/types/dyn.ts";
import { toDyn } from "../../core/types/dyn.ts";
import type { ModuleInstanceId, PeerId, TransactionId } from "../../core/types/ids.ts";
import type { TransactionError } from "../../core/types/transaction.ts";
import type { Version } from "../../core/types/version.ts";
import type { Clock } from "../../actors/platform/platform.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import type { Processed } from "../../modules/contract/testing/guardians.ts";
import { GUARDIAN_PASSWORD, TestGuardians } from "../../modules/contract/testing/mod.ts";
import { lnClient } from "../../modules/ln/client.ts";
import {
  LN_CONSENSUS_VERSION,
  LN_KIND,
  lnInput,
  lnInputError,
  lnOutput,
  lnOutputError,
} from "../../modules/ln/common.ts";
import { clientConfigOf, lnClientConfig } from "../../modules/ln/config.ts";
import { contractAccount } from "../../modules/ln/contracts.ts";
import { gatewayAnnouncement } from "../../modules/ln/gateways.ts";
import { lnServer } from "../../modules/ln/server.ts";
import { TestGateway as LnTestGateway } from "../../modules/ln/testing/gateway.ts";
import { announcementOf, GATEWAY_KEY, versionVote } from "../../modules/ln/testing/guardians.ts";
import { lnv2Client } from "../../modules/lnv2/client.ts";
import {
  lightningInput,
  lightningInputError,
  lightningOutput,
  lightningOutputError,
  LNV2_CONSENSUS_VERSION,
  LNV2_KIND,
} from "../../modules/lnv2/common.ts";
import { lightningConfig } from "../../modules/lnv2/config.ts";
import { lnv2Server } from "../../modules/lnv2/server.ts";
import { TestGateway } from "../../modules/lnv2/testing/gateway.ts";
import type { TestHeight } from "../../modules/lnv2/testing/guardians.ts";

/** Inputs and outputs of one module, as they are in a transaction. */
export type Parts = { readonly inputs: readonly Bytes[]; readonly outputs: readonly Bytes[] };

/** What a world needs of one module's guardians. */
export type Side = {
  readonly kind: string;
  readonly version: Version;
  readonly definition: AnyClientModuleDefinition;
  /** The client's, encoded. */
  readonly config: Bytes;
  ask(method: string, params: Json, peer: PeerId): Promise<Json>;
  /** All see the chain and the time as they are. */
  agree(): Promise<unknown>;
  audit(): Promise<bigint>;
  transaction(parts: Parts, txid: TransactionId): Promise<Result<Processed, TransactionError>>;
};

/** A gateway, as a server of HTTP at its host. */
export type ServedGateway = { readonly host: string; handle(request: Request): Promise<Response> };

type World = {
  readonly clock: Clock;
  readonly chain: TestHeight;
  /** Whether guardians know the gateway. */
  readonly hasGateways: boolean;
};

type Codecs<I, O, IE, OE> = {
  readonly input: Codec<I>;
  readonly output: Codec<O>;
  readonly inputError: Codec<IE>;
  readonly outputError: Codec<OE>;
};

function sideOf<C, P, I, O, Out, Item, IE, OE>(
  guardians: TestGuardians<C, P, I, O, Out, Item, IE, OE>,
  instance: ModuleInstanceId,
  codecs: Codecs<I, O, IE, OE>,
): Pick<Side, "ask" | "agree" | "audit" | "transaction"> {
  const refused = (part: "input" | "output", error: IE | OE): Dyn =>
    part === "input"
      ? toDyn(instance, codecs.inputError, error as IE)
      : toDyn(instance, codecs.outputError, error as OE);
  return {
    ask: (method, params, peer) => guardians.ask(method, params, peer),
    agree: () => guardians.agree(),
    audit: () => guardians.audit(),
    transaction: async ({ inputs, outputs }, txid) => {
      const decided = await guardians.transaction({
        inputs: inputs.map((body) => decode(codecs.input, body)),
        outputs: outputs.map((body) => decode(codecs.output, body)),
      }, { txid });
      if (decided.ok) return decided;
      const { part, error } = decided.error;
      return err({ tag: part === "input" ? "Input" : "Output", value: refused(part, error) });
    },
  };
}

/** lnv2, with a gateway at `http://gateway/v1` that all guardians vet. */
export async function lnv2Side({ clock, chain, hasGateways }: World, instance: ModuleInstanceId) {
  const guardians = await TestGuardians.start(lnv2Server, { clock, bitcoin: chain.source });
  await guardians.agree();
  const gateway = new TestGateway(10, guardians, () => Math.floor(clock.nowMs() / 1_000));
  for (const peer of hasGateways ? guardians.guardians.keys() : []) {
    await guardians.ask("add_gateway", "http://gateway/v1", peer, GUARDIAN_PASSWORD);
  }
  const side: Side = {
    kind: LNV2_KIND,
    version: LNV2_CONSENSUS_VERSION,
    definition: lnv2Client,
    config: encode(lightningConfig, guardians.config),
    ...sideOf(guardians, instance, {
      input: lightningInput,
      output: lightningOutput,
      inputError: lightningInputError,
      outputError: lightningOutputError,
    }),
  };
  return { side, gateway };
}

/** ln, with a gateway at `http://ln-gateway/v1` that is registered with all guardians for a day. */
export async function lnSide({ clock, chain, hasGateways }: World, instance: ModuleInstanceId) {
  const guardians = await TestGuardians.start(lnServer, { clock, bitcoin: chain.source });
  await guardians.agree();
  for (const peer of guardians.guardians.keys()) await guardians.item(versionVote(2, 1), peer);
  const gateway = new LnTestGateway(GATEWAY_KEY, {
    input: (input) => guardians.input(input),
    output: (output) => guardians.output(output),
    contract: async (id) => {
      const { contract, amount } = contractAccount.fromJson(await guardians.ask("account", id));
      if (contract.tag !== "Outgoing") throw new Error("The contract is not outgoing");
      return { terms: contract.value, amount };
    },
  });
  const announced = announcementOf(guardians.config, GATEWAY_KEY, { api: "http://ln-gateway/v1", ttlSecs: 86_400n });
  for (const peer of hasGateways ? guardians.guardians.keys() : []) {
    await guardians.ask("register_gateway", gatewayAnnouncement.toJson(announced), peer);
  }
  const side: Side = {
    kind: LN_KIND,
    version: LN_CONSENSUS_VERSION,
    definition: lnClient,
    config: encode(lnClientConfig, clientConfigOf(guardians.config)),
    ...sideOf(guardians, instance, {
      input: lnInput,
      output: lnOutput,
      inputError: lnInputError,
      outputError: lnOutputError,
    }),
  };
  return { side, gateway, guardians };
}
