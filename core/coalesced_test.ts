import { assertEquals } from "@std/assert";
import { Coalesced } from "./coalesced.ts";

Deno.test("questions of one key are answered together, each by work that began after it was asked", async () => {
  const coalesced = new Coalesced<number>();
  const gates: PromiseWithResolvers<number>[] = [];
  const work = () => {
    gates.push(Promise.withResolvers());
    return gates.at(-1)!.promise;
  };
  const first = coalesced.ask("a", work);
  const [second, third, other] = [coalesced.ask("a", work), coalesced.ask("a", work), coalesced.ask("b", work)];
  assertEquals(gates.length, 2);
  gates[0]!.resolve(1);
  gates[1]!.resolve(10);
  assertEquals([await first, await other], [1, 10]);
  assertEquals(gates.length, 3);
  const late = coalesced.ask("a", work); // while the second work runs
  gates[2]!.reject(new Error("broken"));
  assertEquals(await Promise.allSettled([second, third]).then((all) => all.map(({ status }) => status)), [
    "rejected",
    "rejected",
  ]);
  await Promise.resolve();
  gates[3]!.resolve(4);
  assertEquals(await late, 4);
  await Promise.resolve();
  assertEquals(coalesced.size, 0);
});
