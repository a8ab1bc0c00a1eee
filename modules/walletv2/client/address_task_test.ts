import { assertEquals } from "@std/assert";
import { testsNeeding } from "../../../core/testing/permissions.ts";

const onMachine = testsNeeding("read");

/** What a module loads when it runs, below the repository's root; packages by their names. */
async function loaded(file: URL, into = new Set<string>()): Promise<Set<string>> {
  const root = new URL("../../../", import.meta.url).href;
  into.add(file.href.slice(root.length));
  for (
    const [, from] of (await Deno.readTextFile(file)).matchAll(/^(?:import|export)(?! type)[^;]*? from "([^"]+)";/gm)
  ) {
    if (!from!.startsWith(".")) into.add(from!);
    else {
      const next = new URL(from!, file);
      if (!into.has(next.href.slice(root.length))) await loaded(next, into);
    }
  }
  return into;
}

onMachine(
  "a thread that searches for addresses loads arithmetic and hashes, nothing that takes more memory",
  async () => {
    const files = await loaded(new URL("./address_thread.ts", import.meta.url));
    assertEquals([...files].sort(), [
      "@noble/hashes/sha2.js",
      "@noble/hashes/utils.js",
      "actors/platform/thread_side.ts",
      "core/assert.ts",
      "core/bytes.ts",
      "core/wasm_code.ts",
      "modules/walletv2/client/address_task.ts",
      "modules/walletv2/client/address_thread.ts",
      "modules/walletv2/client/search/batch.ts",
      "modules/walletv2/client/search/child_keys.ts",
      "modules/walletv2/client/search/field.ts",
      "modules/walletv2/client/search/field_wasm.ts",
      "modules/walletv2/client/search/multiples.ts",
      "modules/walletv2/client/search/search.ts",
      "modules/walletv2/client/search/sha512_wasm.ts",
    ]);
  },
);
