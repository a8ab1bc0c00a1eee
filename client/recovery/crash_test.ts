/** A client that is killed while it is restored: in the end it has the same, whenever that was. */
import { assert, assertEquals } from "@std/assert";
import { globalRoot } from "../../core/crypto/bip39.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Client } from "../core/client.ts";
import { secretsOfPreRoot } from "../core/secrets.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import { recoveringToy } from "../testing/recovering_toy.ts";
import { TOY_KIND } from "../testing/toy.ts";
import type { End, RestoringOptions } from "../testing/restoring.ts";
import { END, endOf, oneToy, Restoring } from "../testing/restoring.ts";

/** Words cost much time to stretch: most kills are of clients with a secret. */
const secret = globalRoot(new Uint8Array(16) as Bytes);
const bySecret: RestoringOptions = { secrets: secretsOfPreRoot(secret, oneToy.invite.federationId) };

/** Of a log of four entries, one of them somebody else's. */
const FEW_END: End = {
  ...END,
  balanceMsat: 140n,
  steps: [1, 1, 1, 1],
  recovered: [true, true, true],
  events: [
    { module_id: 0 },
    { module_id: 0, kind: TOY_KIND, amount: 140 },
  ],
};

async function started(): Promise<Restoring> {
  const at = await Restoring.started(bySecret);
  at.log.entries.length = 4;
  return at;
}

/** Restores if it must, and waits for the end. */
async function goOn(at: Restoring, client: Client, words: string | undefined) {
  if (!client.isJoined) await client.restore(at.federation.invite, { words });
  return await endOf(client);
}

/** Killed at a commit of this process. @returns what it had, or null */
async function killedAt(at: Restoring, commit: number, options: Parameters<Restoring["open"]>[0], words?: string) {
  const client = await at.open({ ...options, failAtCommit: commit });
  try {
    return await at.finish(goOn(at, client, words));
  } catch {
    return null;
  } finally {
    await at.finish(client.close().catch(() => undefined));
  }
}

for (const runsMeanwhile of [true, false]) {
  const modules = [recoveringToy({ runsMeanwhile })];
  const how = runsMeanwhile ? "runs beside its recovery" : "recovers before it runs";

  Deno.test(`killed at any commit, a wallet whose module ${how} has the same in the end`, async () => {
    let commit = 3, kills = 0;
    // the first two are the empty store's own and its version
    for (let whole = false; !whole; commit++) {
      const at = await started();
      whole = await killedAt(at, commit, { modules, secret }) !== null;
      if (!whole) kills++;
      const again = await at.open({ modules, secret });
      assertEquals(await at.finish(goOn(at, again, undefined)), FEW_END, `killed at commit ${commit}`);
      await at.finish(again.close());
    }
    assert(kills > 15, `${kills} kills`);
  });

  Deno.test(`killed again and again, a wallet whose module ${how} has the same in the end`, async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const dice = seededDice(seed), at = await started();
      let end = null, kills = 0;
      while (end === null) {
        // an opening takes one or two commits before the first step
        end = await killedAt(at, 3 + dice.bytes(1)[0]! % 12, { modules, secret });
        if (end === null) kills++;
        assert(kills < 60, `seed ${seed}: it gets somewhere`);
      }
      assertEquals(end, FEW_END, `seed ${seed}, ${kills} kills`);
      const again = await at.open({ modules, secret });
      assertEquals(await at.finish(endOf(again)), FEW_END, `seed ${seed}`);
      await at.finish(again.close());
    }
  });
}
