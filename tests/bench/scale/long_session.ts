/** A guardian that was away for one long session: what an item takes that it gets from another guardian as a whole. */
import { loggerFor } from "../../../actors/logger.ts";
import { encode } from "../../../core/encoding/mod.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import { signedSessionOutcome } from "../../../core/types/session.ts";
import { adopt } from "../../../server/consensus/session/adopt.ts";
import { checkOutcome } from "../../../server/consensus/session/fetched_outcome.ts";
import { sessionHeader } from "../../../server/consensus/testing/db.ts";
import { dealtKeychains, refs } from "../../../server/consensus/testing/processing.ts";
import { finish, Payments, withDatabase, withFolder } from "./consensus.ts";
import type { ScaleCase } from "./point.ts";

const PEERS = numPeers(4);
const { keychains } = dealtKeychains(PEERS.total);

export const longSession: ScaleCase = {
  title: "one session of transactions of one note for one, checked and taken from another guardian",
  sizeOf: "transactions",
  item: "transaction",
  sizes: [10, 1_000, 10_000],
  measure: (size) =>
    withFolder((folder) =>
      withDatabase(folder, async (store) => {
        const payments = await Payments.deal();
        const items: AcceptedItem[] = (await payments.make(size)).map((value, i) => ({
          item: { tag: "Transaction", value },
          peer: i % PEERS.total,
        }));
        const header = sessionHeader(0, { items });
        const signatures = new Map(
          keychains.slice(0, PEERS.threshold).map((keychain) => [keychain.index, keychain.sign(header)]),
        );
        const encoded = encode(signedSessionOutcome, { sessionOutcome: { items }, signatures });
        const taken = await payments.measure(store, size, async (test, modules) => {
          const { system, clock: { platform } } = test;
          const check = { session: 0, peers: PEERS, keychain: keychains[0]!, modules, clock: platform.clock };
          const sender: Parameters<typeof adopt>[0] = {
            tell: (...args) => system.tell(...args),
            ask: (...args) => system.ask(...args),
            log: loggerFor("adopt", (record) => test.log.push(record)),
            platform,
          };
          const outcome = await finish(test, checkOutcome(encoded, check));
          if (typeof outcome === "string") throw new Error(outcome);
          const adopted = await finish(test, adopt(sender, { session: 0, engine: refs.engine }, outcome));
          if (!(adopted instanceof Object) || !("root" in adopted)) throw new Error(`It was not taken: ${adopted}`);
        });
        return { size, items: size, ...taken };
      })
    ),
};
