import { assertEquals, assertThrows } from "@std/assert";
import { realProcessHost } from "../../../../actors/platform/process.ts";
import { loggerFor } from "../../../../actors/logger.ts";
import { testsNeeding } from "../../../../core/testing/permissions.ts";
import { MESSAGE_CHARACTERS_MAX } from "./limits.ts";
import { Link } from "./link.ts";
import { KNOWN_FLAWS } from "./settings.ts";
import { fromLine, toLine } from "./wire.ts";

Deno.test("bytes and large numbers keep their kind on the way, and a line has a bound", () => {
  const message = {
    a: 2n ** 64n - 1n,
    b: Uint8Array.of(1, 2),
    c: [null, "ü\n", 1.5, true],
    d: { e: new Uint8Array(0) },
  };
  const line = toLine(message);
  assertEquals([fromLine(line.trimEnd()), line.indexOf("\n")], [message, line.length - 1]);
  assertThrows(() => toLine("a".repeat(MESSAGE_CHARACTERS_MAX)), RangeError);
  assertThrows(() => fromLine(" ".repeat(MESSAGE_CHARACTERS_MAX + 1)), RangeError);
  assertThrows(() => fromLine("{"), SyntaxError);
});

const onMachine = testsNeeding("read", "write", "net", "run", "env");

onMachine("on mainnet the node isn't started without consent, and makes no folder", async () => {
  const folder = `${await Deno.makeTempDir()}/node`;
  const settings = {
    seedHex: "07".repeat(32),
    folder,
    network: "bitcoin",
    chain: { kind: "esplora", url: "http://127.0.0.1:1" },
    alias: "",
    listen: null,
    acceptsKnownFlaws: false,
    leastCommits: 0,
  } as const;
  const never = (): void => {
    throw new Error("it has started");
  };
  const events = { ready: never, changed: never, commits: never };
  const { code, reason } = await new Link(realProcessHost, settings, events, loggerFor("ldk", () => {})).ended;
  assertEquals([code, reason], [1, { code: "refused", message: KNOWN_FLAWS }]);
  assertEquals(await Deno.stat(folder).catch(() => null), null);
});
