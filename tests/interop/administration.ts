/** What whoever runs a guardian does with a command line. */
import type { JsonObject } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { until } from "../demo/waits.ts";
import { demand } from "./suite.ts";
import type { Wallet } from "./wallet.ts";

/** A guardian's commands but `audit` and `shutdown`. @param backups stored by the federation's clients */
export async function administer(
  federation: DevFederation,
  wallet: Wallet,
  peer: number,
  backups: number,
): Promise<void> {
  const admin = async (...args: string[]): Promise<JsonObject> =>
    await wallet.ask("--our-id", String(peer), "--password", federation.apiPassword, "admin", ...args) as JsonObject;

  const status = await admin("status") as { server: string; federation: JsonObject };
  demand(status.server === "consensus_running" && status.federation.peers_online === 3, stringifyJson(status));
  const statistics = await admin("backup-statistics");
  demand(statistics.num_backups === backups, stringifyJson(statistics));
  const { tar_archive_bytes: archive } = await admin("guardian-config-backup");
  demand(/^[0-9a-f]{2048,}$/.test(String(archive)), "there is no archive of the guardian's config");

  const announced = await admin("sign-api-announcement", federation.guardians[peer]!.apiUrl);
  for (const other of federation.guardians) {
    await until(`guardian ${other.peer} tells the new announcement`, async () => {
      const all = await federation.call(other.peer, "api_announcements") as JsonObject;
      return stringifyJson(all[String(peer)]!) === stringifyJson(announced);
    });
  }
}

/** Wrong passwords are refused, and nothing is done. */
export async function demandPassword(wallet: Wallet, peer: number): Promise<void> {
  const { exit, out, err } = await wallet.run(
    "--our-id",
    String(peer),
    "--password",
    "wrong",
    "admin",
    "shutdown",
    "0",
  );
  demand(exit !== 0, `a guardian takes a wrong password: ${out}${err}`);
}

/** The guardian ends by itself, in order, after the session behind the running one; it is started again and goes on. */
export async function shutDown(federation: DevFederation, wallet: Wallet, peer: number): Promise<void> {
  const { process } = federation.guardians[peer]!;
  // the next one: the running one may be over before the guardian is told, and an index that has passed never fires
  const session = String(Number(await federation.call(peer, "session_count")) + 1);
  await wallet.ask("--our-id", String(peer), "--password", federation.apiPassword, "admin", "shutdown", session);
  await until(`guardian ${peer} has stopped after session ${session}`, () => Promise.resolve(!process.isRunning));
  const exit = await process.ended;
  demand(exit === 0, `guardian ${peer} ended with ${exit}: ${await process.tail()}`);
  await federation.restart(peer);
}
