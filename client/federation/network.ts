/** Which Bitcoin network a federation is on: its wallet module's config says so. */
import type { BitcoinNetwork } from "../../core/bitcoin/mod.ts";
import { decode, tryDecoding } from "../../core/encoding/mod.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { WALLETV2_KIND } from "../../modules/walletv2/common.ts";
import { walletConfig } from "../../modules/walletv2/config.ts";

/** Null without a wallet module that this client knows. */
export function networkOf(config: ClientConfig): BitcoinNetwork | null {
  for (const { kind, config: { body } } of config.modules.values()) {
    const wallet = kind === WALLETV2_KIND && tryDecoding(() => decode(walletConfig, body));
    if (wallet && wallet.ok) return wallet.value.network;
  }
  return null;
}
