/** More kills of the embedded Lightning node than the quick tests have time for. */
import { payWhileKilled } from "../../client/gateway/node/ldk/testing/killing.ts";

/** More of them take ever longer: a node that dies often is started again after up to half a minute. */
const KILLS = Number(Deno.env.get("LDK_KILLS") ?? 10);

Deno.test(`embedded nodes killed ${KILLS} times while they pay pay each payment once, and their channel stands`, async () => {
  const { paid, failed } = await payWhileKilled(KILLS);
  console.log(`${KILLS} kills: ${paid} paid, ${failed} failed`);
});
