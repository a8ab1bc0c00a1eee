/**
 * Money that comes back from words: wallets of our client restored by the official one and the other way round, and
 * again after they were used, in a federation of ours and in an official one.
 *
 * `--in-ours` and `--in-official` are one of the two federations alone. With `--whole` each way is gone there and back,
 * by words alone and with a backup in both federations, and two devices have the same words at once; else some of these
 * in the one and the others in the other, as each address for deposits takes a wallet a quarter of a minute of
 * computing.
 */
import { realPlatform } from "../../actors/platform/real.ts";
import { openKvStore } from "../../actors/store/mod.ts";
import { Client } from "../../client/core/client.ts";
import { builtInModules } from "../../client/modules.ts";
import { FederationClient } from "../../client/wallet.ts";
import { defaultClientSecret, entropyOfWords, globalRoot, wordsOfEntropy } from "../../core/crypto/bip39.ts";
import { parseInviteCode } from "../../core/types/invite_code.ts";
import { ecashNotes, parseEcash } from "../../modules/mintv2/ecash.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { until, within } from "../demo/waits.ts";
import { startFederation } from "./federation.ts";
import { demandRefused, deposit, handOver } from "./payments.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";
import { twoDevices } from "./two_devices.ts";
import { Wallet } from "./wallet.ts";

const DEPOSIT_SAT = 100_000;
/** Of the wallet that gives to all others. */
const OTHER_DEPOSIT_SAT = 500_000;
const PENDING_SAT = 20_000;
const SAT_PER_BTC = 1e8;
/** Deep enough for guardians to agree on a block, and for a wallet to claim what is in it. */
const CONFIRMATIONS = 12;

/** Nine checks in each federation, some with two addresses of the official client: minutes each on a busy machine. */
const WHOLE_MS = 7_200_000;

type Make = (name: string) => Wallet;

/** Msat of e-cash in text form. */
function worthMsat(ecash: string): bigint {
  return ecashNotes(parseEcash(ecash)).reduce((sum, { denomination }) => sum + (1n << BigInt(denomination)), 0n);
}

/** A new data directory from the words of a wallet, which is not used any more. */
async function restored(old: Wallet, fresh: Wallet, invite: string): Promise<Wallet> {
  await old.ask("dev", "wait-complete");
  const { secret } = await old.ask("print-secret") as { secret: string };
  await fresh.ask("restore", "--mnemonic", secret, "--invite-code", invite);
  await fresh.ask("dev", "wait-complete");
  return fresh;
}

async function demandSame(old: Wallet, fresh: Wallet, moreMsat = 0n): Promise<void> {
  const [beforeMsat, afterMsat] = [await old.balanceMsat() + moreMsat, await fresh.balanceMsat()];
  demand(afterMsat === beforeMsat, `${afterMsat} of ${beforeMsat} msat were restored by ${fresh.name}`);
}

/** Sessions are a place of the log; a test federation's take ten seconds. */
async function nextSession(federation: DevFederation, suite: Suite): Promise<void> {
  const count = async (): Promise<number> => Number(await federation.call(0, "session_count"));
  const before = await count();
  await until("the next session", async () => await count() > before, suite.signal);
}

/** A wallet that is lost with all that can be on its way: spent money, e-cash that was handed out, and deposits. */
async function lostOnTheWay(
  suite: Suite,
  federation: DevFederation,
  [from, to, other]: readonly [Make, Make, Wallet],
  { withBackup, depositsFirst }: { readonly withBackup: boolean; readonly depositsFirst: boolean },
): Promise<Wallet> {
  const old = from(`a wallet that is lost with a deposit on its way${withBackup ? " and a backup" : ""}`);
  await old.ask("join", federation.invite);
  // then the deposit on its way goes to its second address
  if (depositsFirst) await deposit(federation, old, DEPOSIT_SAT);
  else await handOver(other, old, DEPOSIT_SAT);
  await handOver(old, other, 7_000);
  await nextSession(federation, suite);
  if (withBackup) await old.ask("backup", "--metadata=place=here");
  await handOver(other, old, 3_000);
  const handedOut = await old.ask("module", "mintv2", "send", "500 sat") as string;
  const paid = String(await old.ask("module", "walletv2", "receive"));
  await old.ask("dev", "wait-complete");
  const beforeMsat = await old.balanceMsat() + worthMsat(handedOut);
  await federation.bitcoin("sendtoaddress", paid, PENDING_SAT / SAT_PER_BTC);
  await federation.mine(CONFIRMATIONS);
  await federation.awaitBlocks();

  const fresh = await restored(old, to(`restored: ${old.name}`), federation.invite);
  // a wallet looks for deposits only while one of its commands runs
  await fresh.ask("module", "walletv2", "await-receive", "0");
  await fresh.ask("dev", "wait-complete");
  const claimedMsat = await fresh.balanceMsat() - beforeMsat, pendingMsat = BigInt(PENDING_SAT) * 1_000n;
  demand(claimedMsat > pendingMsat * 9n / 10n && claimedMsat < pendingMsat, `${claimedMsat} msat came of the deposit`);
  // handed out and not redeemed: it came back, and is worth nothing to who has it once it is spent
  await handOver(fresh, other, 50_000);
  return fresh;
}

/** Restored by the other client, spent from, and restored back. */
async function thereAndBack(
  federation: DevFederation,
  [from, to, other]: readonly [Make, Make, Wallet],
): Promise<void> {
  const old = from("a wallet that goes there and back");
  await old.ask("join", federation.invite);
  await handOver(other, old, 9_000);
  await handOver(old, other, 1_234);
  const there = await restored(old, to("the wallet, there"), federation.invite);
  await demandSame(old, there);
  await handOver(there, other, 2_345);
  await handOver(other, there, 1_111);
  const back = await restored(there, from("the wallet, back"), federation.invite);
  await demandSame(there, back);
  await demandRefused(other, await handOver(back, other, 3_000));
}

/** A wallet that derives as the JavaScript SDK does, twice, made with our library. @returns its balance, msat */
async function sdkWallet(
  path: string,
  { words, invite, ecash }: { readonly words: string; readonly invite: string; readonly ecash: string },
): Promise<bigint> {
  const platform = realPlatform(), { federationId } = parseInviteCode(invite);
  const once = defaultClientSecret(globalRoot(entropyOfWords(words)), federationId);
  const wallet = new FederationClient(
    await Client.open({
      platform,
      store: await openKvStore({ path, platform }),
      modules: builtInModules,
      log: () => {},
      automaticBackup: false,
      testEnvironment: true,
      secret: defaultClientSecret(once, federationId),
    }),
  );
  try {
    await wallet.join(invite);
    const { operationId } = await wallet.receive(ecash);
    const received = await within("The e-cash", wallet.awaitReceive(operationId));
    demand(received.ok, "the e-cash was refused");
    return await wallet.getBalance();
  } finally {
    await wallet.close();
  }
}

/** Found by our command line from the words alone. */
async function ofTheSdk(suite: Suite, { invite }: DevFederation, ours: Make, other: Wallet): Promise<void> {
  const words = wordsOfEntropy(realPlatform().dice.bytes(16));
  const ecash = String(await other.ask("module", "mintv2", "send", "4000 sat"));
  const path = await Deno.makeTempFile({ dir: suite.dir, suffix: ".kv" });
  const balanceMsat = await sdkWallet(path, { words, invite, ecash });
  const fresh = ours("a wallet restored from the words of an SDK");
  await fresh.ask("restore", "--mnemonic", words, "--invite-code", invite);
  await fresh.ask("dev", "wait-complete");
  const foundMsat = await fresh.balanceMsat();
  demand(balanceMsat > 3_900_000n && foundMsat === balanceMsat, `${foundMsat} of ${balanceMsat} msat were restored`);
  await handOver(fresh, other, 3_000);
}

type Found = Programs<"fedimintd" | "fedimint-cli" | "bitcoind">;

async function inFederation(
  suite: Suite,
  { fedimintd, "fedimint-cli": fedimintCli, bitcoind }: Found,
  { kind, isWhole }: { readonly kind: "ours" | "official"; readonly isWhole: boolean },
): Promise<void> {
  const where = kind === "ours" ? "in our federation" : "in an official federation";
  const federation = await suite.must(`a federation starts: ${kind}`, () =>
    startFederation(suite, {
      fedimintCli,
      name: kind,
      ...(kind === "official" && { official: { peers: [0, 1, 2, 3], fedimintd }, bitcoindDir: bitcoind }),
    }));
  const named = (make: typeof Wallet.ours, by: string): Make => (name) => make(suite, `${name} (${by}, ${where})`);
  const ours = named((suite, name) => Wallet.ours(suite, name), "ours");
  const official = named((suite, name) => Wallet.official(suite, name, fedimintCli), "official");
  const other = official("the other wallet");
  await suite.must(`the other wallet has money ${where}`, async () => {
    await other.ask("join", federation.invite);
    await deposit(federation, other, OTHER_DEPOSIT_SAT);
  });
  for (const [from, to, way] of [[ours, official, "ours → official"], [official, ours, "official → ours"]] as const) {
    const isOwn = (kind === "ours") === (from === ours);
    if (isWhole || isOwn) {
      await suite.check(
        `${way}, ${where}: the same money there, after it was used, and back`,
        () => thereAndBack(federation, [from, to, other]),
      );
    }
    for (const withBackup of isWhole ? [false, true] : [!isOwn]) {
      const by = withBackup ? "words and a backup" : "words alone";
      await suite.check(
        `${way}, ${where}: from ${by}, money spent and received, handed out, and a deposit on its way`,
        async () => {
          const depositsFirst = isWhole || (kind === "official" && isOwn);
          await lostOnTheWay(suite, federation, [from, to, other], { withBackup, depositsFirst });
        },
      );
    }
  }
  if (isWhole || kind === "official") {
    await suite.check(
      `a wallet that derives as the SDK does comes back ${where}`,
      () => ofTheSdk(suite, federation, ours, other),
    );
  }
  if (isWhole) {
    for (const [by, second] of [["two of ours", ours], ["ours and an official one", official]] as const) {
      await suite.check(
        `two devices with the same words, ${by}, ${where}: a third finds all that there is`,
        () =>
          twoDevices(suite, federation, {
            lost: ours(`the wallet of ${by}`),
            devices: [ours(`the first of ${by}`), second(`the second of ${by}`)],
            third: ours(`the third beside ${by}`),
            other,
          }),
      );
    }
  }
  await suite.check(`the audit balances ${where}`, () => other.checkAudit(0, federation.apiPassword));
  await federation.stop();
}

const KINDS = ["ours", "official"] as const;

if (import.meta.main) {
  const isWhole = Deno.args.includes("--whole");
  const only = KINDS.filter((kind) => Deno.args.includes(`--in-${kind}`));
  await runSuite(() => findPrograms("fedimintd", "fedimint-cli", "bitcoind"), async (suite, found) => {
    for (const kind of only.length > 0 ? only : KINDS) await inFederation(suite, found, { kind, isWhole });
  }, isWhole ? { withinMs: WHOLE_MS } : {});
}
