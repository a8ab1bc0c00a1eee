/**
 * The guardian's side of walletv2: deposits are claimed into the federation's one output, peg-outs are paid from it,
 * and a threshold of guardians signs every transaction. Follows fedimint-walletv2-server 0.13.0;
 * docs/protocol/05-wallet.md §8.
 */
import { nothingToMigrate } from "../../actors/store/schema.ts";
import { equalBytes } from "../../core/bytes.ts";
import { isSecretKey, publicKeyOf } from "../../core/crypto/secp.ts";
import { encode } from "../../core/encoding/mod.ts";
import { err, ok } from "../../core/result.ts";
import { publicKey } from "../../core/types/keys.ts";
import { ownNode } from "../contract/own_node.ts";
import type { ServerModule } from "../contract/server.ts";
import { defineServerModule } from "../contract/server.ts";
import { walletCodecs } from "./codecs.ts";
import type { WalletConsensusItem, WalletInput, WalletInputError, WalletOutput, WalletOutputError } from "./common.ts";
import { WALLETV2_API_VERSION, WALLETV2_CONSENSUS_VERSION, WALLETV2_KIND } from "./common.ts";
import { newWalletConfig, walletConfig, walletPrivateConfig } from "./config.ts";
import { getWallet } from "./server/db.ts";
import { endpoints } from "./server/endpoints.ts";
import { SignatureChecker } from "./server/federation_tx.ts";
import { consensusProposal, processConsensusItem } from "./server/items.ts";
import { processInput, processOutput } from "./server/inputs_outputs.ts";
import { rebroadcast } from "./server/rebroadcast.ts";
import { keysHash } from "./scripts.ts";

type WalletModule = ServerModule<
  WalletInput,
  WalletOutput,
  null,
  WalletConsensusItem,
  WalletInputError,
  WalletOutputError
>;

export const walletv2Server = defineServerModule({
  kind: WALLETV2_KIND,
  consensusVersion: WALLETV2_CONSENSUS_VERSION,
  enabledByDefault: true,
  apiVersions: [WALLETV2_API_VERSION],
  codecs: walletCodecs,
  privateConfig: walletPrivateConfig,
  schema: { version: 1, migrations: { 0: nothingToMigrate } },
  distributedGen: async (rounds, { network }, platform) => {
    let bitcoinSk = platform.dice.bytes(32);
    while (!isSecretKey(bitcoinSk)) bitcoinSk = platform.dice.bytes(32);
    const bitcoinPks = await rounds.exchange(publicKey, publicKeyOf(bitcoinSk));
    return { config: newWalletConfig(bitcoinPks, network), privateConfig: { bitcoinSk } };
  },
  validateConfig: (config, { bitcoinSk }, identity) => {
    const own = config.bitcoinPks.get(identity);
    if (!own) return err("the wallet's config has no key of this guardian");
    return equalBytes(own, publicKeyOf(bitcoinSk))
      ? ok(null)
      : err("the wallet's secret key doesn't fit the key in the config");
  },
  getClientConfig: (config) => ({ bytes: encode(walletConfig, config), json: walletConfig.toJson(config) }),
  start: (given) => {
    const env = { ...given, bitcoin: ownNode(given, "deposits and withdrawals wait") };
    const { bitcoinPks } = env.config;
    const prepared = { hashOfKeys: keysHash(bitcoinPks), checker: new SignatureChecker(bitcoinPks) };
    const module: WalletModule = {
      // each guardian's key is tweaked to find it out
      isForGood: ({ tag }) => tag === "WrongTweak",
      processInput: (tx, input) => processInput(env, tx, input),
      processOutput: (tx, output, at) => processOutput(env, tx, output, at),
      processConsensusItem: (tx, item, peer, signal) => processConsensusItem(env, tx, prepared, item, peer, signal),
      outputStatus: () => Promise.resolve(null),
      consensusProposal: (tx) => consensusProposal(env, tx),
      audit: async (tx) => ((await getWallet(tx))?.value ?? 0n) * 1000n,
      apiEndpoints: endpoints(env),
      background: () => rebroadcast(env),
    };
    return Promise.resolve(module);
  },
});
