/** The cases that every node must pass, over two embedded nodes with a channel. */
import type { Bytes } from "../../../../core/bytes.ts";
import { testsNeeding } from "../../../../core/testing/permissions.ts";
import { NODE_CASES } from "../testing/conformance.ts";
import { Lab } from "./testing/lab.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");

onMachine({
  name: "an embedded node is one like every other",
  fn: async (test) => {
    const lab = await Lab.open();
    try {
      const [a, b] = await Promise.all([lab.node("a"), lab.node("b")]);
      await lab.fund(a);
      await lab.channel(a, b);
      const stage = {
        node: a.node,
        outside: b.node,
        stop: () => a.end(),
        start: async () => {
          await a.start();
          await lab.usable(a, b);
        },
        bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) as Bytes,
        nowSecs: () => Math.floor(Date.now() / 1000),
      };
      for (const { name, run } of NODE_CASES) await test.step(name, () => run(stage));
    } finally {
      await lab.close();
    }
  },
});
