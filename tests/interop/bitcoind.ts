/** The tests that want a real bitcoind, with the one that is found here; `deno test` by itself leaves them out. */
import { fromFileUrl } from "@std/path";
import { BITCOIND_TEST } from "../../server/dev/chain/testing/core_node.ts";
import { seconds } from "../demo/report.ts";
import { findPrograms } from "./programs.ts";

const SUITE_MS = 900_000;
const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const FILES = [
  "server/dev/chain/core_test.ts",
  "server/dev/chain/main_whole.ts",
  "tests/walletv2/chain_whole.ts",
];

const found = await findPrograms("bitcoind");
if (!found.ok) {
  console.log(`not run here: ${found.error}\n0 passed, 0 failed`);
  Deno.exit(0);
}
const dir = await Deno.makeTempDir({ prefix: "fedimint-interop-" });
const child = new Deno.Command(Deno.execPath(), {
  args: ["test", "-P", "--no-check", "--quiet", "--filter", BITCOIND_TEST, ...FILES],
  cwd: ROOT,
  env: { BITCOIND_DIR: found.value.bitcoind, TMPDIR: dir },
  stdin: "null",
  detached: true, // a group of its own, so that the nodes can be ended with it
}).spawn();
const end = (): void => Deno.kill(-child.pid, "SIGKILL");
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, end);
setTimeout(() => {
  console.log(`The tests took longer than ${seconds(SUITE_MS)}`);
  end();
}, SUITE_MS);
const { code } = await child.status;
await Deno.remove(dir, { recursive: true });
Deno.exit(code);
