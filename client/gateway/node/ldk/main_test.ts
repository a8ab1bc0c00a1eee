/** What the node's process loads. */
import { assert, assertEquals } from "@std/assert";
import { testsNeeding } from "../../../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "run", "env");

type Graph = {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly { readonly code?: { readonly specifier?: string }; readonly isDynamic?: true }[];
  }[];
};

onMachine("the node's process loads no cryptography of guardians and wallets, which is 18 MB of memory", async () => {
  const main = import.meta.resolve("./main.ts");
  const command = new Deno.Command(Deno.execPath(), { args: ["info", "--json", main] });
  const { modules } = JSON.parse(new TextDecoder().decode((await command.output()).stdout)) as Graph;
  const of = new Map(modules.map((each) => [each.specifier, each.dependencies ?? []]));
  const loaded = new Set([main]);
  for (const specifier of loaded) {
    for (const { code, isDynamic } of of.get(specifier) ?? []) {
      if (code?.specifier !== undefined && isDynamic !== true) loaded.add(code.specifier);
    }
  }
  assert(loaded.has(import.meta.resolve("./engine/engine.ts")), "the graph was read");
  assertEquals([...loaded].filter((specifier) => /\/bls\/|mcl-wasm|x509|argon2/.test(specifier)), []);
});
