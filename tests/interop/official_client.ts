/**
 * Official clients in a federation of our guardians on the embedded chain, with our client among them. The federation
 * has a module that official programs don't know, loaded by its file: all that they do must go on beside it.
 */
import { fromFileUrl } from "@std/path";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { administer, demandPassword, shutDown } from "./administration.ts";
import { startFederation } from "./federation.ts";
import { demandRefused, demandSum, deposit, handOver, withdraw } from "./payments.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";
import { Wallet } from "./wallet.ts";

const DEPOSIT_SAT = 400_000;
const WITHDRAW_SAT = 20_000;
const RESTORED_SAT = 2_000;
const BOUNTY = new URL("../examples/bounty/", import.meta.url);
const bountyFile = (name: string): string => fromFileUrl(new URL(name, BOUNTY));

/** Our client locks money, and gets it back by the answer; the official one only sees that there is a module. */
async function bounty(ours: Wallet, official: Wallet): Promise<void> {
  const { list } = await official.ask("module") as unknown as { list: readonly JsonObject[] };
  const unknown = list.filter(({ status }) => status !== "Active").map(({ kind }) => kind);
  demand(unknown.length === 1 && unknown[0] === "bounty", stringifyJson(list as Json));
  const beforeMsat = await ours.balanceMsat();
  const made = await ours.ask("module", "bounty", "create", "1000 sat", "Who?", "The guardians") as JsonObject;
  const open = await ours.ask("module", "bounty", "list") as readonly JsonObject[];
  demand(open.length === 1 && open[0]!.bounty === made.bounty, stringifyJson(open as Json));
  demand(await ours.balanceMsat() < beforeMsat - 1_000_000n, "the money is locked");
  const wrong = await ours.run("module", "bounty", "claim", String(made.bounty), "nobody");
  demand(wrong.exit === 1 && wrong.out.includes("not the answer"), wrong.out);
  const won = await ours.ask("module", "bounty", "claim", String(made.bounty), "the guardians") as JsonObject;
  demand(won.outcome === "won", stringifyJson(won));
  await ours.ask("dev", "wait-complete");
  demand(await ours.balanceMsat() > beforeMsat - 100_000n, "the money is back, less fees");
}

/** A new data directory from the words of a wallet, which is not used any more. */
async function restore(old: Wallet, restored: Wallet, invite: string): Promise<void> {
  await old.ask("dev", "wait-complete");
  const { secret } = await old.ask("print-secret") as { secret: string };
  await restored.ask("restore", "--mnemonic", secret, "--invite-code", invite);
  await restored.ask("dev", "wait-complete");
  const [beforeMsat, afterMsat] = [await old.balanceMsat(), await restored.balanceMsat()];
  demand(afterMsat === beforeMsat, `${afterMsat} of ${beforeMsat} msat were restored`);
}

async function scenario(suite: Suite, { "fedimint-cli": fedimintCli }: Programs<"fedimint-cli">): Promise<void> {
  const federation = await suite.must(
    "fedimint-cli sets four of our guardians up",
    () => startFederation(suite, { fedimintCli, modules: [bountyFile("server.ts")] }),
  );
  const official = Wallet.official(suite, "the official client", fedimintCli);
  const second = Wallet.official(suite, "a second official client", fedimintCli);
  const ours = Wallet.ours(suite, "our client", [bountyFile("client.ts")]);

  await suite.must("all clients join and see the same federation", async () => {
    const seen = new Set<string>();
    for (const wallet of [official, second, ours]) {
      await wallet.ask("join", federation.invite);
      const { federation_id: id, network, meta } = await wallet.ask("info") as JsonObject;
      seen.add(stringifyJson({ id: id!, network: network!, meta: meta! }));
    }
    demand(seen.size === 1 && [...seen][0]!.includes('"regtest"'), [...seen].join(" "));
  });
  await suite.must("the official client's deposit is claimed", () => deposit(federation, official, DEPOSIT_SAT));
  for (
    const [from, to, sat] of [[official, second, 50_000], [second, ours, 20_000], [ours, official, 5_000]] as const
  ) {
    await suite.check(`e-cash of ${from.name} is redeemed by ${to.name}, once`, async () => {
      await demandRefused(to, await handOver(from, to, sat));
    });
  }
  await suite.check("our client gets a quarter", async () => void await handOver(official, ours, DEPOSIT_SAT / 4));
  await suite.check(
    "our client uses a module of ours, and the official one knows that it doesn't know it",
    () => bounty(ours, official),
  );
  for (const wallet of [official, second, ours]) {
    await suite.check(
      `${wallet.name} withdraws to a Bitcoin address`,
      () => withdraw(federation, wallet, WITHDRAW_SAT, suite.signal),
    );
  }
  const restored = Wallet.official(suite, "the restored client", fedimintCli);
  const secondRestored = Wallet.official(suite, "the second restored client", fedimintCli);
  await suite.must("the official client is restored from its words and its backup, with all its money", async () => {
    await official.ask("backup", "--metadata=place=here");
    await restore(official, restored, federation.invite);
  });
  await suite.must(
    "the second official client is restored from its words alone, with all its money",
    () => restore(second, secondRestored, federation.invite),
  );
  await suite.check("what was restored can be spent", async () => {
    for (const wallet of [restored, secondRestored]) {
      await demandRefused(ours, await handOver(wallet, ours, RESTORED_SAT));
    }
  });
  await suite.check("fedimint-cli administers our guardians, with their password only", async () => {
    // it may have by itself, in a command that took long: then this one takes the other's place
    await ours.ask("backup");
    for (const { peer } of federation.guardians) {
      await demandPassword(restored, peer);
      await administer(federation, restored, peer, 2);
    }
  });
  await suite.check("a guardian that is told to stop after a session does, and comes back", async () => {
    await shutDown(federation, restored, federation.guardians.length - 1);
  });
  await suite.check("the official client reads every guardian's audit, and it balances", async () => {
    for (const { peer } of federation.guardians) await restored.checkAudit(peer, federation.apiPassword);
  });
  await suite.check(
    "nothing is under way any more, and all balances add up to what was paid in less fees",
    () => demandSum([restored, secondRestored, ours], DEPOSIT_SAT - 3 * WITHDRAW_SAT),
  );
}

if (import.meta.main) await runSuite(() => findPrograms("fedimint-cli"), scenario);
