/** `restore` as a real process that is killed, on a real disk. */
import { assert, assertEquals } from "@std/assert";
import { realPlatform } from "../../actors/platform/real.ts";
import { testsNeeding } from "../../core/testing/permissions.ts";
import { entropyOfWords } from "../../core/crypto/bip39.ts";
import { toHex } from "../../core/bytes.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import { secretOfModule, secretsOfEntropy } from "../core/secrets.ts";
import { ownerOf, ToyLog } from "../testing/recovering_toy.ts";
import { ToyBooks } from "../testing/toy.ts";
import { ended, federation, start, until } from "./testing/processes.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");
const WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const MODULE = new URL("../testing/recovering_toy_module.ts", import.meta.url).pathname;
const ENTRIES = 30;

onMachine({
  name: "a restore that is killed again and again goes on where it was, and nothing secret is in its logs",
  ignore: Deno.build.os === "windows",
  // the guardians' sockets close on their own time
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    const log = new ToyLog(), platform = realPlatform();
    const { invite, close } = await federation(
      platform,
      () => true,
      (honest) => log.script(new ToyBooks().script(honest)),
    );
    const entropy = entropyOfWords(WORDS),
      owner = ownerOf(secretOfModule(secretsOfEntropy(entropy, invite.federationId), 0));
    for (let i = 0; i < ENTRIES; i++) log.entries.push({ owner, msat: 1_000n });
    const dir = await Deno.makeTempDir();
    const globals = ["--module", MODULE, "--data-dir", dir], said: string[] = [];
    const restoring = async (): Promise<Deno.ChildProcess> => {
      const args = [...globals, "-v", "restore", "--invite-code", formatInviteCode(invite), "-"];
      const child = start(args, { RUST_LOG: "trace" }, "piped");
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(`${WORDS}\n`));
      await writer.close();
      return child;
    };
    try {
      for (const entries of [3, 11, 20]) {
        log.silentFrom = entries;
        const asked = log.newest;
        const child = await restoring();
        // all before it are stored when it is asked for
        await until(() => Promise.resolve(log.newest === entries && log.newest > asked));
        child.kill("SIGKILL");
        const { exit, out, err } = await ended(child);
        said.push(out, err);
        assertEquals(exit, 137);
      }
      log.silentFrom = Infinity;
      const before = log.asked, { exit, out, err } = await ended(await restoring());
      said.push(out, err);
      assertEquals([exit, parseJson(out)], [0, null]);
      assert(log.asked - before <= 4 * (ENTRIES - 20), "it began where it had been");
      const balance = await ended(start([...globals, "balance"]));
      assert(balance.out.startsWith("30 sat (30,000 msat)"), balance.out);
      for (const text of said) {
        for (const secret of [toHex(entropy), "legal", "winner", "sausage", "yellow"]) {
          assert(!text.includes(secret), text);
        }
      }
    } finally {
      await close();
      await Deno.remove(dir, { recursive: true });
    }
  },
});
