/** The federation's config with readable modules, as `dev config` shows it. docs/protocol/07-client.md §G. */
import type { Codec, Json } from "../../core/encoding/mod.ts";
import { decode, tryDecoding, unit } from "../../core/encoding/mod.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { jsonClientConfig, toJsonClientConfig } from "../../core/types/client_config.ts";
import { LNV2_KIND } from "../../modules/lnv2/common.ts";
import { lightningConfig } from "../../modules/lnv2/config.ts";
import { META_KIND } from "../../modules/meta/common.ts";
import { WALLETV2_KIND } from "../../modules/walletv2/common.ts";
import { walletConfig } from "../../modules/walletv2/config.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";

// deno-lint-ignore no-explicit-any -- configs of all modules are only shown here
type AnyConfig = Codec<any>;

/** Kinds whose config is known whether or not the client has a module for them. */
const FURTHER: ReadonlyMap<string, AnyConfig> = new Map<string, AnyConfig>([
  [LNV2_KIND, lightningConfig],
  [META_KIND, unit],
  [WALLETV2_KIND, walletConfig],
]);

/** @param modules those of the client; kinds that are unknown, and configs that can't be read, are shown as hex */
export function configJson(config: ClientConfig, modules: readonly AnyClientModuleDefinition[]): Json {
  const codecs = new Map<string, AnyConfig>([
    ...FURTHER,
    ...modules.map((m): [string, AnyConfig] => [m.kind, m.config]),
  ]);
  return jsonClientConfig.toJson(toJsonClientConfig(config, (kind, { body }) => {
    const codec = codecs.get(kind);
    const readable = codec && tryDecoding(() => codec.toJson(decode(codec, body)));
    return readable?.ok ? readable.value : undefined;
  }));
}
