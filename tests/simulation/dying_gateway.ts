/** A gateway that dies at each commit of what it does, one after the other. */
import { sleep } from "../../actors/platform/platform.ts";
import type { LightningWorld } from "./lightning.ts";

/** Payments have fewer commits. */
export const COMMITS_MAX = 60;

/** One payment for each commit that the gateway makes in it, until it makes none more. @returns how many died */
export async function dyingAtEach(
  world: LightningWorld,
  commit: "lost" | "kept",
  payment: () => Promise<void>,
): Promise<number> {
  for (let count = 1; count < COMMITS_MAX; count++) {
    const fate = await world.crashAtCommit(count, commit);
    await payment();
    // what is still under way may be what it dies in
    await Promise.race([fate.back, idle(world).catch(() => fate.back)]);
    if (!fate.hasDied) return count - 1;
    await fate.back;
    await idle(world);
  }
  throw new Error("a payment has no end of commits");
}

/** Everything that is under way in the gateway comes to its end. */
export async function idle(world: LightningWorld): Promise<void> {
  for (const gateway of world.gateways) await gateway.settled();
}

/** A gateway that is away, which such an error says, is asked again a second later: nothing was done. */
export async function askedAgain<T>(
  world: LightningWorld,
  // deno-lint-ignore no-explicit-any -- whatever it is made of
  refusal: new (...args: any[]) => Error,
  ask: () => Promise<T>,
): Promise<T> {
  const { clock } = world.here.world.process("fate").platform;
  for (let attempt = 0;; attempt++) {
    try {
      return await ask();
    } catch (thrown) {
      if (attempt === 5 || !(thrown instanceof refusal)) throw thrown;
    }
    await sleep(clock, 1_000);
  }
}
