/** A node's process ends with its gateway, whatever it is at. */
import { assertEquals } from "@std/assert";
import { loggerFor } from "../../../../actors/logger.ts";
import { realProcessHost } from "../../../../actors/platform/process.ts";
import { testsNeeding } from "../../../../core/testing/permissions.ts";
import { freePorts } from "../../../../server/dev/federation/processes.ts";
import { Link } from "./link.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");

onMachine("a node that waits for its Bitcoin node ends when its gateway does", async () => {
  const folder = await Deno.makeTempDir(), [nobody] = freePorts(1);
  const settings = {
    seedHex: "07".repeat(32),
    folder,
    network: "regtest",
    chain: { kind: "bitcoind", url: `http://127.0.0.1:${nobody}`, username: "bitcoin", password: "bitcoin" },
    alias: "waiting",
    listen: null,
    acceptsKnownFlaws: false,
    leastCommits: 0,
  } as const;
  const said = Promise.withResolvers<void>();
  const events = { ready: () => said.reject(new Error("It started")), changed: () => {}, commits: () => {} };
  const log = loggerFor("ldk", ({ message }) => message.includes("Bitcoin node") && said.resolve());
  try {
    const link = new Link(realProcessHost, settings, events, log);
    await said.promise;
    await link.close();
    assertEquals(await link.ended, { code: 0, reason: null });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
