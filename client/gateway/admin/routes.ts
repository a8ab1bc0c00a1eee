/**
 * What operators ask of their gateway. docs/protocol/06-lightning-meta.md §E.2; fedimint-gateway-server 0.13.0
 * (`rpc_server.rs`, `lib.rs`).
 */
import { fromHex, toHex } from "../../../core/bytes.ts";
import type { Codec, Json } from "../../../core/encoding/mod.ts";
import { u64 } from "../../../core/encoding/mod.ts";
import { amount } from "../../../core/types/amount.ts";
import type { FederationId } from "../../../core/types/ids.ts";
import { configJson } from "../../federation/config_json.ts";
import { ecashMint, parseEcash } from "../../../modules/mintv2/ecash.ts";
import { readEcash } from "../../pasted.ts";
import type { FederationClient } from "../../wallet.ts";
import { bodyOf } from "../answers.ts";
import { GatewayError } from "../error.ts";
import type { Federations } from "../federations.ts";
import { checkFees, notConnected } from "../federations.ts";
import { ADMIN_BODY_BYTES_MAX, OPERATOR_INVOICE_SECS, OPERATOR_PAYMENT } from "../limits.ts";
import type { LightningNode, NodeOperator } from "../node/node.ts";
import type { NodeWatch } from "../node_watch.ts";
import type { FederationRecord } from "../records.ts";
import { forwardsWarning } from "../registrar.ts";
import { channelInfo, federationInfo, lightningInfo, STATUSES, systemTime, transactionInfo } from "./facts.ts";
import { paymentLog, paymentSummary } from "./payment_log.ts";
import * as payload from "./payloads.ts";

/** The gateway, as far as operators have to do with it. */
export interface Administered {
  readonly federations: Federations;
  readonly watch: NodeWatch;
  readonly node: LightningNode;
  readonly isDraining: boolean;
  /** Takes no held payment any more, waits for the end of those it has, and stops. */
  drain(): Promise<void>;
}

export type AdminEnv = {
  readonly gateway: Administered;
  /** How the gateway came to its node, as gatewayd tells it. */
  readonly lightningMode: Json;
  /** URL and key by protocol. */
  readonly registrations: Json;
};

type Route = {
  readonly method: "GET" | "POST";
  /** Whether whoever has the second password may ask it. */
  readonly forLiquidity: boolean;
  readonly answer: (env: AdminEnv, request: Request) => Promise<Json>;
};

/** Program's version hash, which a program that is run from its sources doesn't have. */
const VERSION_HASH = "0".repeat(40);

function get(answer: (env: AdminEnv) => Promise<Json>, forLiquidity = true): Route {
  return { method: "GET", forLiquidity, answer };
}

function post<T>(
  body: Pick<Codec<T>, "fromJson">,
  answer: (env: AdminEnv, body: T, signal: AbortSignal) => Promise<Json>,
  forLiquidity = true,
): Route {
  return {
    method: "POST",
    forLiquidity,
    answer: async (env, request) =>
      await answer(env, await bodyOf(request, body, ADMIN_BODY_BYTES_MAX), request.signal),
  };
}

const ADMIN_ALONE = false;

function operatorOf({ gateway }: AdminEnv): NodeOperator {
  return gateway.node.operator;
}

async function walletOf({ gateway }: AdminEnv, id: FederationId): Promise<FederationClient> {
  return (await gateway.federations.served(id)).wallet;
}

/** Routes by their paths; several have a `GET` and a `POST`. */
export const ADMIN_ROUTES: Readonly<Record<string, readonly Route[]>> = {
  "/info": [get(info)],
  "/balances": [get(balances)],
  "/get_ln_onchain_address": [get((env) => operatorOf(env).onchainAddress())],
  "/list_channels": [get(async (env) => (await operatorOf(env).channels()).map(channelInfo))],
  "/mnemonic": [
    get(
      ({ gateway }) =>
        Promise.resolve({ mnemonic: gateway.federations.wallets.words().split(" "), legacy_federations: [] }),
      ADMIN_ALONE,
    ),
    // its database has words from its first start on
    post(payload.setMnemonic, () => {
      throw new GatewayError(
        { code: "invalid" },
        "There was an error with the Gateway's mnemonic: Gateway is not is NotConfigured state",
      );
    }, ADMIN_ALONE),
  ],
  "/invite_codes": [get(inviteCodes)],
  "/stop": [get(async ({ gateway }) => {
    await gateway.drain();
    return null;
  }, ADMIN_ALONE)],
  "/connect_fed": [
    post(
      payload.connectFed,
      async ({ gateway }, { inviteCode }, signal) =>
        await federationInfo(await gateway.federations.connect(inviteCode, signal)),
      ADMIN_ALONE,
    ),
  ],
  "/leave_fed": [
    post(payload.ofFederation, async ({ gateway }, { federationId }) => {
      const shown = await federationInfo(await gateway.federations.served(federationId));
      await gateway.federations.leave(federationId);
      return shown;
    }, ADMIN_ALONE),
  ],
  "/backup": [
    post(payload.ofFederation, async (env, { federationId }, signal) => {
      await (await walletOf(env, federationId)).backup({ signal });
      return null;
    }, ADMIN_ALONE),
  ],
  "/address": [
    post(
      payload.ofFederation,
      async (env, { federationId }, signal) => await (await walletOf(env, federationId)).depositAddress({ signal }),
    ),
  ],
  "/address_recheck": [
    post(payload.addressRecheck, async (env, { federationId }, signal) => {
      await (await walletOf(env, federationId)).retryDeposits(signal);
      return {};
    }),
  ],
  "/config": [post(payload.config, config)],
  "/withdraw": [
    post(
      payload.withdraw,
      async (env, { federationId, amount: sats, address }, signal) =>
        await withdraw(await walletOf(env, federationId), address, sats, signal),
      ADMIN_ALONE,
    ),
  ],
  "/withdraw_to_onchain": [
    post(
      payload.withdrawToOnchain,
      async (env, { federationId, amount: sats }, signal) =>
        await withdraw(await walletOf(env, federationId), await operatorOf(env).onchainAddress(signal), sats, signal),
    ),
  ],
  "/pegin_from_onchain": [
    post(payload.peginFromOnchain, async (env, { federationId, amount: sats, feeRateSatsPerVbyte }, signal) => {
      const address = await (await walletOf(env, federationId)).depositAddress({ signal });
      return await operatorOf(env).sendOnchain({
        address,
        amountSats: sats,
        feerateSatPerVbyte: feeRateSatsPerVbyte,
      });
    }),
  ],
  "/send_onchain": [
    post(
      payload.sendOnchain,
      (env, { address, amount: sats, feeRateSatsPerVbyte }) =>
        operatorOf(env).sendOnchain({ address, amountSats: sats, feerateSatPerVbyte: feeRateSatsPerVbyte }),
      ADMIN_ALONE,
    ),
  ],
  "/spend_ecash": [
    post(payload.spendEcash, async (env, { federationId, amount: msat }, signal) => {
      const wallet = await walletOf(env, federationId);
      const { ecash, further } = await wallet.spend(msat, { includeInvite: true, signal });
      // gatewayd has one text for any number of notes; several are a list, so that none is taken for the whole
      return { notes: further.length === 0 ? ecash : [ecash, ...further] };
    }, ADMIN_ALONE),
  ],
  "/set_fees": [post(payload.setFees, setFees)],
  "/set_payment_policy": [
    post(payload.setPaymentPolicy, async (env, { federationId, receiveEnabled }) => {
      if (receiveEnabled === null) return null;
      return await changeEach(env, federationId, (record) => ({ ...record, receiveEnabled }));
    }),
  ],
  "/create_bolt11_invoice_for_operator": [
    post(
      payload.createInvoice,
      (env, { amountMsats, expirySecs, description }, signal) =>
        operatorOf(env).createInvoice({
          amountMsat: amountMsats,
          expirySecs: expirySecs ?? OPERATOR_INVOICE_SECS,
          description: description ?? "",
        }, signal),
    ),
  ],
  "/pay_invoice_for_operator": [post(payload.payInvoice, async ({ gateway }, { invoice }, signal) => {
    if (invoice.amountMsat === null) throw new GatewayError({ code: "invalid" }, "Invoice is missing amount");
    const { baseMsat, percent, cltvLimit } = OPERATOR_PAYMENT;
    const feeLimitMsat = baseMsat + invoice.amountMsat * percent / 100n;
    const paid = await gateway.node.pay({ invoice, feeLimitMsat, cltvLimit }, signal);
    if (paid.ok) return toHex(paid.value.preimage);
    throw new GatewayError({ code: "node" }, `Lightning error: ${paid.error}`);
  }, ADMIN_ALONE)],
  "/create_bolt12_offer_for_operator": [post(payload.createOffer, withoutOffers)],
  "/pay_offer_for_operator": [post(payload.payOffer, withoutOffers, ADMIN_ALONE)],
  "/get_invoice": [post(payload.getInvoice, getInvoice)],
  "/open_channel": [
    post(payload.openChannel, (env, channel, signal) => openChannel(env, { ...channel, pushAmountSats: 0n }, signal)),
  ],
  "/open_channel_with_push": [post(payload.openChannel, openChannel, ADMIN_ALONE)],
  "/connect_peer": [post(payload.connectPeer, async (env, peer, signal) => {
    await operatorOf(env).connectPeer(peer, signal);
    return null;
  })],
  "/close_channels_with_peer": [
    post(payload.closeChannels, async (env, { pubkey, force, satsPerVbyte }) => ({
      num_channels_closed: await operatorOf(env).closeChannels({
        publicKey: pubkey,
        force,
        feerateSatPerVbyte: satsPerVbyte,
      }),
    })),
  ],
  "/set_channel_fees": [post(payload.setChannelFees, async (env, fees, signal) => {
    await operatorOf(env).setChannelFees(fees, signal);
    return null;
  })],
  "/list_transactions": [
    post(payload.listTransactions, async (env, times, signal) => ({
      transactions: (await operatorOf(env).transactions(times, signal)).map(transactionInfo),
    })),
  ],
  "/payment_summary": [post(payload.paymentSummary, async ({ gateway }, { startMillis, endMillis }) => {
    if (startMillis > endMillis) throw new GatewayError({ code: "invalid" }, "Unexpected Error: Invalid time range");
    const wallets = (await gateway.federations.all()).map(({ wallet }) => wallet);
    return await paymentSummary(wallets, { startMs: startMillis, endMs: endMillis });
  })],
  "/payment_log": [
    post(
      payload.paymentLog,
      async (env, { federationId, endPosition, paginationSize, eventKinds }) =>
        await paymentLog(await walletOf(env, federationId), { endPosition, size: paginationSize, kinds: eventKinds }),
    ),
  ],
};

/** E-cash that anybody gives to the gateway. */
export async function receiveEcash({ gateway }: AdminEnv, request: Request): Promise<Json> {
  const { notes } = await bodyOf(request, payload.receiveEcash, ADMIN_BODY_BYTES_MAX);
  const federationId = ecashMint(parseEcash(readEcash(notes).text));
  if (federationId === null) throw new GatewayError({ code: "invalid" }, "Failed to receive ecash");
  const { wallet } = await gateway.federations.served(federationId);
  const { operationId, amountMsat } = await wallet.receive(notes, { signal: request.signal });
  const received = await wallet.awaitReceive(operationId, request.signal);
  if (received.ok) return { amount: amount.toJson(amountMsat) };
  throw new GatewayError({ code: "invalid" }, `Failed to receive ecash: ${received.error}`);
}

async function info({ gateway, lightningMode, registrations }: AdminEnv): Promise<Json> {
  const [served, node] = await Promise.all([gateway.federations.all(), gateway.watch.info()]);
  const warning = forwardsWarning(node, served);
  return {
    version_hash: VERSION_HASH,
    federations: await Promise.all(served.map(federationInfo)),
    federation_fake_scids: Object.fromEntries(
      served.map(({ federationId, record }) => [String(record.index), federationId]),
    ),
    gateway_state: gateway.isDraining ? "ShuttingDown" : node ? node.isSynced ? "Running" : "Syncing" : "Disconnected",
    lightning_info: lightningInfo(node),
    lightning_mode: lightningMode,
    registrations,
    // not the reference's
    ...(warning && { warnings: [warning] }),
  };
}

async function balances(env: AdminEnv): Promise<Json> {
  const served = await env.gateway.federations.all(), node = await operatorOf(env).balances();
  return {
    onchain_balance_sats: u64.toJson(node.onchainSats),
    lightning_balance_msats: u64.toJson(node.lightningMsat),
    ecash_balances: await Promise.all(served.map(async ({ federationId, wallet }) => ({
      federation_id: federationId,
      ecash_balance_msats: amount.toJson(await wallet.getBalance()),
    }))),
    inbound_lightning_liquidity_msats: u64.toJson(node.inboundMsat),
  };
}

async function inviteCodes({ gateway }: AdminEnv): Promise<Json> {
  const served = await gateway.federations.all();
  return Object.fromEntries(served.map(({ federationId, wallet }) => {
    const { apiEndpoints } = wallet.client.running.joined.config.global;
    const codes = [...apiEndpoints].map(([peer, { name }]) => [String(peer), [name, wallet.inviteCode(peer)]]);
    return [federationId, Object.fromEntries(codes)];
  }));
}

async function config(
  { gateway }: AdminEnv,
  { federationId }: { readonly federationId: FederationId | null },
): Promise<Json> {
  const served = federationId === null
    ? await gateway.federations.all()
    : [await gateway.federations.served(federationId)];
  return {
    federations: Object.fromEntries(served.map(({ federationId: id, wallet: { client } }) => [
      id,
      configJson(client.running.joined.config, client.options.modules),
    ])),
  };
}

async function withdraw(
  wallet: FederationClient,
  address: string,
  sats: bigint | "all",
  signal: AbortSignal,
): Promise<Json> {
  const { feeSat } = await wallet.quoteWithdraw(address, sats, { signal });
  const operationId = await wallet.withdraw(address, sats, { feeSat });
  const done = await wallet.awaitWithdraw(operationId, signal);
  if (done.outcome === "success") {
    // a fee of walletv2 has no rate: this one gives the fee again
    return { txid: done.txid, fees: { fee_rate: { sats_per_kvb: u64.toJson(feeSat) }, total_weight: 4_000 } };
  }
  throw new GatewayError(
    { code: "invalid" },
    `Error withdrawing funds onchain: ${done.outcome === "aborted" ? done.reason : "guardians know of no transaction"}`,
  );
}

async function setFees(
  env: AdminEnv,
  fees: {
    readonly federationId: FederationId | null;
    readonly lightningBase: bigint | null;
    readonly lightningPartsPerMillion: bigint | null;
    readonly transactionBase: bigint | null;
    readonly transactionPartsPerMillion: bigint | null;
  },
): Promise<Json> {
  return await changeEach(env, fees.federationId, (record) => {
    const changed = {
      ...record,
      lightningFee: {
        base: fees.lightningBase ?? record.lightningFee.base,
        partsPerMillion: fees.lightningPartsPerMillion ?? record.lightningFee.partsPerMillion,
      },
      transactionFee: {
        base: fees.transactionBase ?? record.transactionFee.base,
        partsPerMillion: fees.transactionPartsPerMillion ?? record.transactionFee.partsPerMillion,
      },
    };
    checkFees(changed);
    return changed;
  });
}

/** One federation, or all. */
async function changeEach(
  { gateway: { federations } }: AdminEnv,
  id: FederationId | null,
  change: (record: FederationRecord) => FederationRecord,
): Promise<Json> {
  const ids = id === null ? (await federations.all()).map(({ federationId }) => federationId) : [id];
  if (id !== null && await federations.record(id) === undefined) throw notConnected(id);
  for (const each of ids) await federations.change(each, change);
  return null;
}

async function getInvoice(
  env: AdminEnv,
  { paymentHash }: { readonly paymentHash: string },
  signal: AbortSignal,
): Promise<Json> {
  const invoice = await operatorOf(env).invoice(fromHex(paymentHash), signal);
  return invoice && {
    preimage: invoice.preimage && toHex(invoice.preimage),
    payment_hash: paymentHash,
    amount: amount.toJson(invoice.amountMsat),
    created_at: systemTime(invoice.createdAt * 1_000),
    status: STATUSES[invoice.status],
  };
}

function openChannel(env: AdminEnv, channel: payload.OpenChannel, signal: AbortSignal): Promise<string> {
  return operatorOf(env).openChannel({
    publicKey: channel.pubkey,
    host: channel.host,
    sizeSats: channel.channelSizeSats,
    pushSats: channel.pushAmountSats,
    feerateSatPerVbyte: channel.feeRateSatsPerVbyte,
    baseFeeMsat: channel.baseFeeMsat,
    partsPerMillion: channel.partsPerMillion,
  }, signal);
}

/** As gatewayd on LND, which has no BOLT 12 either. */
function withoutOffers(): never {
  throw new GatewayError(
    { code: "node" },
    "Lightning error: Bolt12 Error: This gateway's node does not support Bolt12",
  );
}
