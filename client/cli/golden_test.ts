/**
 * Our command line against what the official fedimint-cli printed for the same arguments, with guardians that answer
 * what the official guardians answered then (`tests/interop/record_cli.ts`).
 */
import { assertEquals } from "@std/assert";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import { shapeOf } from "../testing/world.ts";
import { quietModules, readVector, recordedFederation, runInWorld, WALLET_DIR } from "./testing/mod.ts";

type Recorded = {
  readonly args: readonly string[];
  readonly compare: "exact" | "shape" | "exit";
  readonly exit: number;
  readonly stdout: Json;
};

/** As the recorder took it: JSON where it is JSON. */
function parsed(stdout: string): Json {
  try {
    return parseJson(stdout);
  } catch {
    return stdout;
  }
}

function sorted(json: Json): Json {
  if (Array.isArray(json)) return (json as readonly Json[]).map(sorted);
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(Object.entries(json as JsonObject).sort().map(([key, value]) => [key, sorted(value)]));
}

Deno.test("every recorded command prints and exits as the official fedimint-cli did", async (test) => {
  const recorded = readVector("commands.json") as unknown as Recorded[];
  const world = await recordedFederation();
  for (const { args, compare, exit, stdout } of recorded) {
    const given = args.map((arg) => arg === "{dir}" ? WALLET_DIR : arg);
    await test.step(`${compare}: ${given.join(" ").slice(0, 100) || "(no arguments)"}`, async () => {
      const ran = await runInWorld(world, given, { modules: quietModules });
      assertEquals(ran.exit, exit, `${ran.out}${ran.err}`);
      if (compare === "exact") assertEquals(sorted(parsed(ran.out)), sorted(stdout));
      if (compare === "shape") assertEquals(shapeOf(parsed(ran.out)), shapeOf(stdout));
      // clap's errors go to standard error: scripts see nothing on standard output
      if (exit === 2) assertEquals(ran.out, "");
    });
  }
});
