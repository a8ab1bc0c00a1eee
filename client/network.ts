/** Which Bitcoin network a federation is on: its wallet module's config says so. */
import type { BitcoinNetwork } from "../core/bitcoin/mod.ts";
import { decode, DecodeError } from "../core/encoding/mod.ts";
import type { ClientConfig } from "../core/types/client_config.ts";
import { walletConfig } from "../modules/walletv2/config.ts";

const WALLET_KIND = "walletv2";

/** Null without a wallet module that this client knows. */
export function networkOf(config: ClientConfig): BitcoinNetwork | null {
  for (const { kind, config: { body } } of config.modules.values()) {
    if (kind !== WALLET_KIND) continue;
    try {
      return decode(walletConfig, body).network;
    } catch (thrown) {
      if (!(thrown instanceof DecodeError)) throw thrown;
    }
  }
  return null;
}
