/**
 * `deno task bench [NAME…]`: figures of the parts, each with a ratio against a reference of the same run. Never
 * asserted.
 */
import { benchActors } from "./actors.ts";
import { benchAddresses } from "./addresses.ts";
import { benchBroadcast } from "./broadcast.ts";
import { benchContracts } from "./contracts.ts";
import { benchEmbeddedNode } from "./embedded_node.ts";
import { benchNotes } from "./notes.ts";
import { benchPool } from "./pool.ts";
import { benchSchnorr } from "./schnorr.ts";
import { benchStore } from "./store.ts";
import { benchSubmissions } from "./submissions.ts";
import { benchThreads } from "./threads/threads.ts";

type Figure = { readonly name: string; readonly value: string; readonly ratio?: number };

const benches: Record<string, () => Promise<readonly Figure[]>> = {
  actors: benchActors,
  store: benchStore,
  notes: benchNotes,
  schnorr: benchSchnorr,
  pool: benchPool,
  threads: benchThreads,
  submissions: benchSubmissions,
  broadcast: benchBroadcast,
  addresses: benchAddresses,
  contracts: benchContracts,
  "embedded-node": benchEmbeddedNode,
};

if (import.meta.main) {
  const wanted = Deno.args.length === 0 ? Object.keys(benches) : Deno.args;
  for (const name of wanted) {
    const bench = benches[name];
    if (!bench) {
      console.error(`There is no bench ${name}: ${Object.keys(benches).join(", ")}`);
      Deno.exit(2);
    }
    console.log(`\n${name}`);
    for (const figure of await bench()) {
      const ratio = figure.ratio === undefined ? "" : `   ×${figure.ratio.toFixed(2)}`;
      console.log(`  ${figure.name.padEnd(64)} ${figure.value.padStart(24)}${ratio}`);
    }
  }
  Deno.exit(0);
}
