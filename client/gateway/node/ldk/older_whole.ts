/** Folders that are older than what was told: whoever closes a channel to an older state loses all of it. */
import { assert, assertEquals } from "@std/assert";
import type { LogRecord } from "../../../../actors/logger.ts";
import { parseBolt11 } from "../../../../core/lightning/bolt11.ts";
import { testsNeeding } from "../../../../core/testing/permissions.ts";
import { NodeError } from "../node.ts";
import { copy } from "./testing/copy.ts";
import type { LabNode } from "./testing/lab.ts";
import { Lab, until } from "./testing/lab.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");

async function payOnce(from: LabNode, to: LabNode): Promise<void> {
  const text = await to.node.operator.createInvoice({ amountMsat: 10_000_000n, expirySecs: 600, description: "" });
  const paid = await from.node.pay({ invoice: parseBolt11(text), feeLimitMsat: 5_000n, cltvLimit: 500 });
  assert(paid.ok);
}

/** Why it doesn't answer, once it doesn't for good. */
function refusalOf({ node }: LabNode): Promise<string> {
  return until("the node is refused", async () => {
    try {
      await node.info();
      return null;
    } catch (thrown) {
      return thrown instanceof NodeError && thrown.code === "refused" ? thrown.message : null;
    }
  });
}

function isRestart({ message }: LogRecord): boolean {
  return message.includes("it is started again");
}

onMachine(
  "an older copy of the folder is refused: by the count of commits, and by the proof of the first peer",
  async () => {
    const lab = await Lab.open();
    try {
      const [a, b] = await Promise.all([lab.node("a"), lab.node("b")]);
      await lab.fund(a);
      await lab.channel(a, b);
      await payOnce(a, b);
      await a.stop();
      await copy(a.folder, `${a.folder}-copy`);
      await a.start();
      await lab.usable(a, b);
      await payOnce(a, b);
      await payOnce(a, b);
      await a.stop();
      await copy(a.folder, `${a.folder}-newest`);
      await copy(`${a.folder}-copy`, a.folder);
      await a.begin();
      assert((await refusalOf(a)).includes("is an older copy"));
      assertEquals(await lab.rpc("getrawmempool"), [], "nothing is closed");
      await a.stop();
      // both were brought back from a copy: the gateway's count, too
      a.commits.count = 0;
      const before = lab.records.filter(isRestart).length;
      await a.begin();
      assert((await refusalOf(a)).includes("A peer has proved a newer state"));
      assertEquals(lab.records.filter(isRestart).length, before, "the first proof ends it");
      await a.stop();
      // it stays so, though nobody proves anything
      await b.stop();
      await a.begin();
      assert((await refusalOf(a)).includes("A peer has proved a newer state"));
      await lab.mine(6);
      assertEquals(await lab.rpc("getrawmempool"), [], "nothing is closed");
      await a.stop();
      // and with the newest folder it goes on
      await copy(`${a.folder}-newest`, a.folder);
      await Promise.all([a.start(), b.start()]);
      await lab.usable(a, b);
      await payOnce(a, b);
    } finally {
      await lab.close();
    }
  },
);
