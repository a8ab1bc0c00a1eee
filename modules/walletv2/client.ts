/**
 * The user's side of walletv2: deposits are found and claimed, payments are made. Follows fedimint-walletv2-client
 * 0.13.0; docs/protocol/05-wallet.md §9.
 */
import { decode } from "../../core/encoding/mod.ts";
import type { UsableModule } from "../contract/client.ts";
import { defineClientModule } from "../contract/client.ts";
import { WalletClient } from "./client/api.ts";
import { Claims } from "./client/claims.ts";
import { Deposits, pendingMoney } from "./client/deposits.ts";
import { walletCommands } from "./client/commands.ts";
import { walletSchema } from "./client/db.ts";
import { WalletFederation } from "./client/federation.ts";
import { walletTransitions } from "./client/machines.ts";
import { walletRecovery } from "./client/recovery.ts";
import { Scanner } from "./client/scanner.ts";
import { walletState } from "./client/states.ts";
import { Watches } from "./client/watches.ts";
import { walletCodecs } from "./codecs.ts";
import {
  inputErrorText,
  outputErrorText,
  walletInputError,
  walletOutputError,
  WALLETV2_API_VERSION_REQUIRED,
  WALLETV2_CONSENSUS_VERSION,
  WALLETV2_KIND,
} from "./common.ts";
import { walletConfig } from "./config.ts";

/** The module for Bitcoin on chain. */
export const walletv2Client: UsableModule<WalletClient> = defineClientModule({
  kind: WALLETV2_KIND,
  consensusVersion: WALLETV2_CONSENSUS_VERSION,
  requiredApi: WALLETV2_API_VERSION_REQUIRED,
  config: walletConfig,
  codecs: walletCodecs,
  describeError: (kind, body) =>
    kind === "inputError"
      ? inputErrorText(decode(walletInputError, body))
      : outputErrorText(decode(walletOutputError, body)),
  state: walletState,
  api: {
    federation: {
      blockCount: "call",
      feerate: "call",
      wallet: "call",
      pendingChain: "call",
      chain: "call",
      outputs: "call",
      transactionId: "call",
      sendFee: "call",
      receiveFee: "call",
    },
    receive: "call",
    searchProgress: "stream",
    look: "call",
    lastLookMs: "call",
    trouble: "call",
    quoteDeposit: "call",
    deposits: "call",
    retryDeposits: "call",
    awaitReceive: "call",
    quoteWithdraw: "call",
    withdraw: "call",
    send: "call",
    awaitSend: "call",
    maxPayable: "call",
    maxSendable: "call",
  },
  schema: walletSchema,
  recovery: walletRecovery,
  start: (env) => {
    const watches = new Watches(env), federation = new WalletFederation(env.api);
    const claims = new Claims(env, watches, federation);
    const scanner = new Scanner(env, watches, federation, claims);
    const api = new WalletClient(env, watches.own, federation, new Deposits(env, watches, scanner, claims));
    return Promise.resolve({
      transitions: (state, operationId) => walletTransitions({ env, federation }, state, operationId),
      api,
      commands: walletCommands(api),
      pending: (tx, active) => pendingMoney(tx, active),
      background: () => scanner.run(env.signal),
    });
  },
});
