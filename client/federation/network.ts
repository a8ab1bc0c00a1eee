/** Which Bitcoin network a federation is on: its wallet module's config says so. */
import type { BitcoinNetwork } from "../../core/bitcoin/mod.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { decodedConfig } from "../core/decoded_configs.ts";
import { WALLETV2_KIND } from "../../modules/walletv2/common.ts";
import { walletConfig } from "../../modules/walletv2/config.ts";

/** Null without a wallet module that this client knows. */
export function networkOf(config: ClientConfig): BitcoinNetwork | null {
  for (const { kind, config: { body } } of config.modules.values()) {
    const wallet = kind === WALLETV2_KIND && decodedConfig(walletConfig, body, undefined);
    if (wallet && wallet.ok) return wallet.value.value.network;
  }
  return null;
}
