/** Wallets in folders of this machine. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { testsNeeding } from "../core/testing/permissions.ts";
import { openClient, openWallets, StoreError } from "./deno.ts";

const onMachine = testsNeeding("read", "write");

onMachine("a wallet in a folder is made for its owner alone, opens once at a time, and is there again", async () => {
  const dir = join(await Deno.makeTempDir(), "wallet");
  try {
    const wallet = await openClient({ dir });
    const words = await wallet.words();
    assertEquals((await Deno.stat(dir)).mode! & 0o777, 0o700);
    assertEquals((await assertRejects(() => openClient({ dir }), StoreError)).code, "locked");
    await wallet.close();
    const again = await openClient({ dir });
    assertEquals([await again.words(), again.isJoined], [words, false]);
    await again.close();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

onMachine("several wallets in a folder have words of their own, made once", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const wallets = await openWallets({ dir }), words = wallets.words();
    await wallets.close();
    const again = await openWallets({ dir });
    assertEquals([again.words(), again.list()], [words, []]);
    await again.close();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
