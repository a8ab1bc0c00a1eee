/**
 * Wallets restored by a real process from guardians with a long log, on bad days: the process is killed at random
 * moments and called again, guardians are killed and started meanwhile, the disk is full. The money is the same each
 * time.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { realDice } from "../../actors/platform/real/dice.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import { wordsOfEntropy } from "../../core/crypto/bip39.ts";
import { DevFederation } from "../../server/dev/federation/federation.ts";
import { ownProgram } from "../../server/dev/federation/processes.ts";
import { outputText, startCommand } from "../recovery/command.ts";
import { giveLongLog } from "../recovery/federation.ts";

/** `RESTORE_ITEMS=25000` makes each restore twice as long. */
const ITEMS = Number(Deno.env.get("RESTORE_ITEMS") ?? 12_000);
const NOTES = 40;
/** `RESTORE_KILLS=100` takes some minutes more. */
const KILLS = Number(Deno.env.get("RESTORE_KILLS") ?? 4);
const COMMAND_MS = 400_000;
/** A full disk: what SQLite needs to open a database fits, the wallet's records at some point don't. */
const DISK_FULL_KIB = [64, 128, 256];

type Ended = { readonly code: number; readonly signal: Deno.Signal | null; readonly out: string; readonly err: string };

const platform = realPlatform();
const words = wordsOfEntropy(platform.dice.bytes(16));

async function run(command: readonly string[], killAfterMs: number | null): Promise<Ended & { tookMs: number }> {
  const begunMs = performance.now();
  const child = startCommand(command, COMMAND_MS);
  let isOver = false;
  const timer = killAfterMs === null ? undefined : setTimeout(() => !isOver && child.kill("SIGKILL"), killAfterMs);
  const { code, signal, stdout, stderr } = await child.output();
  isOver = true;
  clearTimeout(timer);
  return { code, signal, out: outputText(stdout), err: outputText(stderr), tookMs: performance.now() - begunMs };
}

function wallet(dir: string, federation: DevFederation) {
  const command = (...args: string[]): string[] => [...ownProgram("client/main.ts"), "--data-dir", dir, ...args];
  const restore = command("restore", "--mnemonic", words, "--invite-code", federation.invite);
  return {
    restore: (killAfterMs: number | null = null) => run(restore, killAfterMs),
    /** With a bound on the size of files, of which a program is told as of a full disk. */
    restoreOnFullDisk: (kib: number) =>
      run(["bash", "-c", `ulimit -f ${kib}; trap '' XFSZ; exec "$@"`, "bash", ...restore], null),
    balance: async (): Promise<bigint> => {
      const waited = await run(command("dev", "wait-complete"), null);
      assertEquals(waited.code, 0, waited.err);
      const info = await run(command("info"), null);
      assertEquals(info.code, 0, info.err);
      return BigInt((JSON.parse(info.out) as { total_amount_msat: number }).total_amount_msat);
    },
  };
}

Deno.test(`killed ${KILLS} times in mid-restore, with guardians that fall meanwhile and on a full disk, a wallet has the same money`, async (t) => {
  const dir = await Deno.makeTempDir({ prefix: "fedimint-restore-" });
  const federation = await DevFederation.start({
    platform,
    dir: join(dir, "federation"),
    peers: 4,
    progress: () => undefined,
    env: { FM_DISABLE_BASE_FEES: "1", FM_ENABLE_MODULE_LNV2: "0" },
  });
  try {
    const log = { kept: NOTES, spent: NOTES, denomination: 12 };
    const msat = await giveLongLog(federation, { items: ITEMS, seed: 1, wallets: [{ words, ...log }] });
    let tookMs = 0;
    await t.step("at one go, and twice", async () => {
      for (const name of ["first", "second"]) {
        const one = wallet(join(dir, name), federation);
        const ended = await one.restore();
        assertEquals(ended.code, 0, ended.err);
        tookMs = ended.tookMs;
        assertEquals(await one.balance(), msat);
      }
    });
    await t.step("killed at random moments", async () => {
      let kills = 0;
      for (let round = 0; kills < KILLS; round++) {
        const one = wallet(join(dir, `killed${round}`), federation);
        for (;;) {
          const ended = await one.restore(kills < KILLS ? realDice.below(Math.ceil(tookMs)) : null);
          if (ended.signal === "SIGKILL") {
            kills++;
            continue;
          }
          assertEquals(ended.code, 0, ended.err);
          break;
        }
        assertEquals(await one.balance(), msat, `round ${round}, ${kills} kills`);
      }
    });
    await t.step("while one guardian after the other falls and comes back", async () => {
      const one = wallet(join(dir, "falling"), federation);
      let isOver = false;
      const restoring = one.restore().finally(() => isOver = true);
      for (let peer = 0; !isOver; peer = (peer + 1) % 4) {
        await federation.kill(peer);
        await new Promise((resolve) => setTimeout(resolve, tookMs / 10));
        await federation.restart(peer);
      }
      const ended = await restoring;
      assertEquals(ended.code, 0, ended.err);
      assertEquals(await one.balance(), msat);
    });
    await t.step("on a disk that is full: a sentence, and it goes on when there is room", async () => {
      let refused = 0;
      for (const kib of DISK_FULL_KIB) {
        const one = wallet(join(dir, `full${kib}`), federation);
        const ended = await one.restoreOnFullDisk(kib);
        if (ended.code !== 0) {
          refused++;
          assertStringIncludes(String((JSON.parse(ended.out) as { error: string }).error), "The database failed");
          assert(!ended.err.includes(words) && !ended.out.includes(words), "no secrets");
        }
        const again = await one.restore();
        assertEquals(again.code, 0, again.err);
        assertEquals(await one.balance(), msat, `${kib} KiB`);
      }
      assert(refused > 0, "some of these disks were full");
    });
    await t.step("with too few guardians: it waits, and goes on when they are back", async () => {
      const one = wallet(join(dir, "away"), federation);
      await federation.kill(1);
      await federation.kill(2);
      const ended = await one.restore(tookMs * 3);
      assert(ended.code !== 0, "two guardians of four are not enough");
      await federation.restart(1);
      await federation.restart(2);
      const again = await one.restore();
      assertEquals(again.code, 0, again.err);
      assertStringIncludes(again.err, "Balance");
      assertEquals(await one.balance(), msat);
    });
  } finally {
    await federation.stop();
    await Deno.remove(dir, { recursive: true });
  }
});
