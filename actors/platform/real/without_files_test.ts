/** A server whose process can open no more files: it takes nobody then, and everybody again once it can. */
import { assertEquals } from "@std/assert";
import { fromUtf8, utf8 } from "../../../core/bytes.ts";
import { testsNeeding } from "../../../core/testing/permissions.ts";
import { linesOf } from "../lines.ts";
import { realPlatform } from "../real.ts";
import { realTcp } from "./tcp.ts";

const onMachine = testsNeeding("net", "run", "read");

const HOSTNAME = "127.0.0.1";
/** Enough for the program itself. */
const OPEN_FILES = 128;
const TIMEOUT_MS = 30_000;

onMachine("servers that had no file left for a connection take connections again when there are some", async () => {
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const program = new URL("../testing/without_files.ts", import.meta.url).pathname;
  const run = ["run", "-A", "--no-check", "--config", config, program];
  const child = new Deno.Command("sh", {
    args: ["-c", `ulimit -n ${OPEN_FILES} && exec "$@"`, "sh", Deno.execPath(), ...run],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const said = linesOf(child.stdout, 100);
  const told = child.stdin.getWriter();
  const { network } = realPlatform();
  try {
    const ports = JSON.parse((await said.next()).value!) as number[];
    // the system takes them, and the program can't
    const waiting = await Promise.all(ports.map((port) => Deno.connect({ hostname: HOSTNAME, port })));
    await told.write(utf8("\n"));
    assertEquals((await said.next()).value, "files again");
    for (const connection of waiting) connection.close();

    const [tcp, http, tls] = ports as [number, number, number];
    const { body } = await network.fetch(`http://${HOSTNAME}:${http}/`, { timeoutMs: TIMEOUT_MS, bodyBytesMax: 10 });
    assertEquals(fromUtf8(body), "in");
    const identity = await network.makeTlsIdentity("client");
    const to = { hostname: HOSTNAME, port: tls, identity, serverName: "server", timeoutMs: TIMEOUT_MS };
    const dialed = await network.dialTls(to);
    assertEquals(await dialed.read(), null);
    dialed.close();
    const stream = await realTcp.dial({ hostname: HOSTNAME, port: tcp }, TIMEOUT_MS);
    assertEquals(await stream.read(), null);
    stream.close();
    await told.write(utf8("\n"));
  } finally {
    await told.close();
    child.kill("SIGKILL");
    await said.return(undefined);
    await child.status;
  }
});
