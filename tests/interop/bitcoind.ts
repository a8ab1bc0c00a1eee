/** The tests that want a real bitcoind, with the one that is found here; `deno test` by itself leaves them out. */
import { fromFileUrl } from "@std/path";
import { BITCOIND_TEST } from "../../server/bitcoin/devchain/_core_node.ts";
import { findPrograms } from "./programs.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const FILES = [
  "server/bitcoin/devchain/core_test.ts",
  "server/bitcoin/devchain/main_test.ts",
  "tests/walletv2_chain_test.ts",
];

const found = await findPrograms("bitcoind");
if (!found.ok) {
  console.log(`not run here: ${found.error}\n0 passed, 0 failed`);
  Deno.exit(0);
}
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "-P", "--quiet", "--filter", BITCOIND_TEST, ...FILES],
  cwd: ROOT,
  env: { BITCOIND_DIR: found.value.bitcoind },
  stdin: "null",
}).spawn().status;
Deno.exit(code);
