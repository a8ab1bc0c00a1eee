/** A federation of real processes whose guardians have long recovery logs. */
import { realPlatform } from "../../actors/platform/real.ts";
import { openClient } from "../../client/deno.ts";
import type { Store } from "../../actors/store/store.ts";
import { clientRoot, defaultClientSecret, entropyOfWords, globalRoot, moduleSecret } from "../../core/crypto/bip39.ts";
import type { DerivableSecret } from "../../core/crypto/derive_secret.ts";
import type { FederationId, ModuleInstanceId } from "../../core/types/ids.ts";
import { parseInviteCode } from "../../core/types/invite_code.ts";
import { MINTV2_KIND } from "../../modules/mintv2/common.ts";
import { mintPrivateConfig } from "../../modules/mintv2/config.ts";
import { readConfig } from "../../server/config/config_files.ts";
import { modulePrefix } from "../../server/consensus/store/db.ts";
import { openDatabase } from "../../server/database.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { fund } from "../demo/fund.ts";
import type { LogKeeper, OwnNotes } from "./long_log.ts";
import { writeLongLog } from "./long_log.ts";

/** Whose notes are in the log: words (secret), and which of the two ways their wallet derives. */
export type LogWallet = Omit<OwnNotes, "secret"> & { readonly words: string; readonly isSdk?: boolean };

export type LongLog = { readonly items: number; readonly wallets: readonly LogWallet[]; readonly seed: number };

/** The mint module's secret of a wallet. */
function secretOf(
  { words, isSdk = false }: LogWallet,
  id: FederationId,
  instance: ModuleInstanceId,
): DerivableSecret {
  const standard = defaultClientSecret(globalRoot(entropyOfWords(words)), id);
  const preRoot = isSdk ? defaultClientSecret(standard, id) : standard;
  return moduleSecret(clientRoot(preRoot, id), instance);
}

/**
 * Pays in what the notes of the log are worth, as guardians see to it that they have it; stops all guardians, writes
 * the log to their databases, and starts them again.
 * @returns msat of the wallets' notes that are kept
 */
export async function giveLongLog(federation: DevFederation, { items, wallets, seed }: LongLog): Promise<bigint> {
  const platform = realPlatform();
  await payIn(federation, wallets);
  const peers = federation.guardians.map(({ peer }) => peer);
  await Promise.all(peers.map((peer) => federation.halt(peer)));
  const { federationId } = parseInviteCode(federation.invite);
  const stores: Store[] = [];
  const keepers: LogKeeper[] = [];
  let own: OwnNotes[] = [];
  try {
    for (const { dir } of federation.guardians) {
      const config = await readConfig(platform.files, dir);
      const [instance] = [...config.consensus.modules].find(([, { kind }]) => kind === MINTV2_KIND)!;
      const store = await openDatabase(platform, dir);
      stores.push(store);
      keepers.push({
        store: store.view(modulePrefix(instance)),
        privateConfig: mintPrivateConfig.fromJson(config.private.modules.get(instance)!.value),
      });
      own = wallets.map((wallet) => ({ ...wallet, secret: secretOf(wallet, federationId, instance) }));
    }
    return await writeLongLog(keepers, { items, own, seed });
  } finally {
    for (const store of stores) await store.close();
    await Promise.all(peers.map((peer) => federation.restart(peer)));
  }
}

const MSAT_PER_SAT = 1_000;
const SAT_PER_BTC = 1e8;
/** For the fees of a deposit. */
const FEES_SAT = 20_000;

/** By a wallet that nobody has any more: the crowd has its notes. */
async function payIn(federation: DevFederation, wallets: readonly LogWallet[]): Promise<void> {
  const platform = realPlatform();
  const sumMsat = wallets.reduce((sum, { kept, denomination }) => sum + kept * 2 ** denomination, 0);
  if (sumMsat === 0) return;
  const dir = await Deno.makeTempDir({ prefix: "fedimint-payer-" });
  const wallet = await openClient({ dir, platform, testEnvironment: true });
  try {
    await wallet.join(federation.invite);
    await fund(federation, wallet, (Math.ceil(sumMsat / MSAT_PER_SAT) + FEES_SAT) / SAT_PER_BTC);
    await wallet.client.awaitIdle();
  } finally {
    await wallet.close();
    await Deno.remove(dir, { recursive: true });
  }
}
