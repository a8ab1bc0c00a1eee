/**
 * The user's side of mintv2: e-cash is sent as text, received, and counted. Follows fedimint-mintv2-client 0.13.0;
 * docs/protocol/04-mint.md §6–§11.
 */
import type { UsableModule } from "../contract/client.ts";
import { defineClientModule } from "../contract/client.ts";
import { decode } from "../../core/encoding/mod.ts";
import { MintClient } from "./client/api.ts";
import { atHand, mintCommands } from "./client/commands.ts";
import { mintSchema } from "./client/db.ts";
import { mintTransitions } from "./client/machines.ts";
import { askForMissing } from "./client/recovery/put_off.ts";
import { untilPassed } from "./client/recovery/later.ts";
import { mintRecovery } from "./client/recovery/recovery.ts";
import { mintState } from "./client/states.ts";
import { recounted, Wallet } from "./client/wallet.ts";
import { mintCodecs } from "./codecs.ts";
import {
  mintInputError,
  mintInputErrorText,
  mintOutputError,
  mintOutputErrorText,
  MINTV2_API_VERSION_REQUIRED,
  MINTV2_CONSENSUS_VERSION,
  MINTV2_KIND,
} from "./common.ts";
import { mintConfig } from "./config.ts";

/** The e-cash module. */
export const mintv2Client: UsableModule<MintClient> = defineClientModule({
  kind: MINTV2_KIND,
  consensusVersion: MINTV2_CONSENSUS_VERSION,
  requiredApi: MINTV2_API_VERSION_REQUIRED,
  config: mintConfig,
  codecs: mintCodecs,
  describeError: (kind, body) =>
    kind === "inputError"
      ? mintInputErrorText(decode(mintInputError, body))
      : mintOutputErrorText(decode(mintOutputError, body)),
  state: mintState,
  api: {
    counts: "call",
    send: "call",
    isAtHand: "call",
    quoteSend: "call",
    receive: "call",
    quoteReceive: "call",
    awaitReceive: "call",
    awaitNotes: "call",
    broughtMsat: "call",
    consolidate: "call",
    failedRefunds: "call",
    retryRefunds: "call",
  },
  atHand,
  schema: mintSchema,
  recovery: mintRecovery,
  start: async (env) => {
    await recounted(env);
    const wallet = new Wallet(env);
    const api = new MintClient(wallet);
    return {
      transitions: (state, operationId) => mintTransitions(wallet, state, operationId),
      primary: wallet,
      pending: (tx, active) => wallet.pending(tx, active),
      api,
      commands: mintCommands(api),
      background: async () => {
        // recoveries have better use for a core, and for memory
        const kept = wallet.tweaks.keepReady(async (signal) => {
          await env.untilRecovered?.(signal);
          // nor when a look follows
          await untilPassed(env.store, signal);
        });
        await Promise.all([kept, askForMissing(wallet)]);
      },
    };
  },
});
