/**
 * Backups that one client made and the other reads, at guardians of both kinds: what is in them, which is the newest,
 * and that each takes the other's place.
 */
import { join } from "@std/path";
import { realPlatform } from "../../actors/platform/real.ts";
import { openKvStore } from "../../actors/store/mod.ts";
import { toHex } from "../../core/bytes.ts";
import { entropyOfWords } from "../../core/crypto/bip39.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { option, stringifyJson } from "../../core/encoding/mod.ts";
import type { ClientBackup } from "../../core/types/backup.ts";
import { clientBackupSnapshot } from "../../core/types/backup.ts";
import { parseInviteCode } from "../../core/types/invite_code.ts";
import { backupKeys } from "../../client/backup/found.ts";
import { readMetadata } from "../../client/backup/contents.ts";
import { Client } from "../../client/core/client.ts";
import { secretsOfEntropy } from "../../client/core/secrets.ts";
import { builtInModules } from "../../client/modules.ts";
import { FederationClient } from "../../client/wallet.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { startFederation } from "./federation.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import { run } from "./run.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";
import { Wallet } from "./wallet.ts";

const PEERS = [0, 1, 2, 3];
const COMMAND_MS = 300_000;

function demandEqual(found: Json | undefined, expected: Json): void {
  demand(stringifyJson(found ?? null) === stringifyJson(expected), `${stringifyJson(found ?? null)} was found`);
}

/** What each guardian keeps of the words' wallet, opened with our keys. */
async function keptBy(federation: DevFederation, words: string): Promise<(ClientBackup | null)[]> {
  const { federationId } = parseInviteCode(federation.invite);
  const keys = backupKeys(secretsOfEntropy(entropyOfWords(words), federationId)).get("standard")!;
  return await Promise.all(PEERS.map(async (peer) => {
    const snapshot = option(clientBackupSnapshot).fromJson(await federation.call(peer, "recover", toHex(keys.id)));
    if (snapshot === null) return null;
    const opened = keys.open(snapshot.data);
    if (!opened.ok) throw new Error(`guardian ${peer}: ${opened.error}`);
    return opened.value;
  }));
}

/** Metadata of all guardians' backups, which are alike. */
async function metadataKept(federation: DevFederation, words: string): Promise<Json | undefined> {
  const kept = await keptBy(federation, words);
  demand(kept.every((backup) => backup !== null), "a guardian has none");
  const texts = new Set(kept.map((backup) => stringifyJson(readMetadata(backup!.metadata)?.json ?? null)));
  demand(texts.size === 1, `guardians differ: ${[...texts].join(", ")}`);
  return readMetadata(kept[0]!.metadata)?.json;
}

async function ourWallet(suite: Suite, name: string): Promise<FederationClient> {
  const platform = realPlatform();
  const store = await openKvStore({ path: join(suite.dir, `${name}.kv`), platform });
  const options = { platform, store, modules: builtInModules, log: () => {}, automaticBackup: false };
  return new FederationClient(await Client.open({ ...options, testEnvironment: true }));
}

async function wordsOf(wallet: Wallet): Promise<string> {
  return (await wallet.ask("print-secret") as { secret: string }).secret;
}

/** What the official client says of the backups that it finds for the words. */
async function restoredOfficially(
  suite: Suite,
  fedimintCli: string,
  { words, invite }: { readonly words: string; readonly invite: string },
): Promise<string> {
  const dir = await Deno.makeTempDir({ dir: suite.dir });
  const command = [fedimintCli, "--data-dir", dir, "restore", "--mnemonic", words, "--invite-code", invite];
  const env = { FM_IN_DEVIMINT: "1", RUST_LOG: "fm=debug" };
  const { exit, out, err } = await run(command, { withinMs: COMMAND_MS, env, signal: suite.signal });
  demand(exit === 0, `exit ${exit}: ${out}${err}`);
  return err;
}

type Found = Programs<"fedimintd" | "fedimint-cli">;

async function scenario(suite: Suite, { fedimintd, "fedimint-cli": fedimintCli }: Found): Promise<void> {
  const federation = await suite.must(
    "a federation of two official guardians and two of ours starts",
    () =>
      startFederation(suite, {
        fedimintCli,
        // ours leads the ceremony
        official: { peers: [1, 3], fedimintd },
      }),
  );
  const { invite } = federation;
  const official = Wallet.official(suite, "the official client", fedimintCli);
  await suite.must("the official client's backup is kept by guardians of both kinds, and ours reads it", async () => {
    await official.ask("join", invite);
    await official.ask("backup", "--metadata=place=here");
    demandEqual(await metadataKept(federation, await wordsOf(official)), { place: "here" });
  });
  await suite.check(
    "our client is restored with the official one's metadata, and its backup takes the place",
    async () => {
      const words = await wordsOf(official), ours = await ourWallet(suite, "restored");
      try {
        const outcome = await ours.restore(invite, { words });
        demand(outcome.restored === "new" && outcome.rejected.length === 0, "a guardian's answer is none");
        demandEqual((await ours.backupMetadata())?.json, { place: "here" });
        await ours.awaitRecoveries();
        await ours.backup();
        demandEqual(await metadataKept(federation, words), { place: "here" });
        await ours.backup({ metadata: { place: "there" } });
        demandEqual(await metadataKept(federation, words), { place: "there" });
      } finally {
        await ours.close();
      }
    },
  );
  await suite.check("the official client's next backup takes the place of ours", async () => {
    await official.ask("backup", "--metadata=place=back");
    demandEqual(await metadataKept(federation, await wordsOf(official)), { place: "back" });
  });
  await suite.check("the official client reads each guardian's copy of our backup", async () => {
    const ours = await ourWallet(suite, "ours");
    try {
      await ours.join(invite);
      await ours.backup({ metadata: { n: 1 } });
      const words = await ours.words();
      const log = await restoredOfficially(suite, fedimintCli, { words, invite });
      demand(log.includes("Decrypted client backup"), `it says nothing of a backup: ${log.slice(-2_000)}`);
      demand(!log.includes("Invalid backup"), "it finds a backup invalid");
    } finally {
      await ours.close();
    }
  });
}

if (import.meta.main) await runSuite(() => findPrograms("fedimintd", "fedimint-cli"), scenario);
