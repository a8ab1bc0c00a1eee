/** The backends that tests compare: our own is among them where V8's wide arithmetic is switched on. */
import type { Bls } from "../mod.ts";
import { hasWideArithmetic, loadBls, WIDE_FLAG } from "../mod.ts";

export const noble: Bls = await loadBls("noble");
export const mcl: Bls = await loadBls("mcl");
/** Null where this process can't have it. */
const wide: Bls | null = hasWideArithmetic() ? await loadBls("wide") : null;

/** Fast ones first. */
export const everyBls: readonly Bls[] = [...wide === null ? [] : [wide], mcl, noble];

/** A test of our own backend; where it can't run, its name says why. */
export function testWide(name: string, body: (bls: Bls) => void): void {
  const why = wide === null ? ` (needs DENO_V8_FLAGS=${WIDE_FLAG})` : "";
  Deno.test({ name: `${name}${why}`, ignore: wide === null, fn: () => body(wide!) });
}
