/** Each way to the world outside is found, and what only looks like one is not. */
import { assertEquals } from "@std/assert";
import { determinismProblems, problemsIn } from "./determinism.ts";
import { testsNeeding } from "../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "run");

function found(text: string): string[] {
  return problemsIn({ path: "core/x.ts", text }).map(({ rule, line }) => `${line} ${rule}`);
}

Deno.test("every forbidden way is found", () => {
  const ways: [string, string][] = [
    ["const now = Date.now();", "Date"],
    ["new Date(0)", "Date"],
    ["globalThis.Date", "Date"],
    ["Temporal.Now.instant()", "Temporal.Now"],
    ["performance.now()", "performance"],
    ["setTimeout(f, 1)", "setTimeout"],
    ["const later = setInterval;", "setInterval"],
    ["setImmediate(f)", "setImmediate"],
    ["AbortSignal.timeout(5)", "AbortSignal.timeout"],
    ["Math.random()", "Math.random"],
    ["Math\n  .random()", "Math.random"],
    ["crypto.getRandomValues(b)", "crypto"],
    ["crypto.randomUUID()", "crypto"],
    ["await crypto.subtle.digest()", "crypto"],
    ["globalThis.crypto.subtle", "crypto"],
    ["schnorr.utils.randomSecretKey()", "random key"],
    ["await Deno.readFile(p)", "Deno"],
    ["Deno.listen({})", "Deno"],
    ["process.env.X", "process"],
    ["await fetch(url)", "fetch"],
    ["globalThis.fetch(url)", "fetch"],
    ["new WebSocket(url)", "WebSocket"],
    ["new Worker(url)", "thread"],
    ["new MessageChannel()", "channel"],
    ["new WeakRef(a)", "garbage collection"],
    ["const load = (name: string) => import(name);", "dynamic import"],
    ["localStorage.getItem()", "storage"],
    ['import { connect } from "node:net";', "import"],
    ['import { readFileSync } from "node:fs";', "import"],
    ["await import(specifier)", "dynamic import"],
    ['import { randomBytes } from "node:crypto";', "import"],
    ['import { pbkdf2 } from "node:crypto";', "import"],
    ['import { randomBytes } from "@noble/hashes/utils.js";', "import"],
    ['import { generateMnemonic } from "@scure/bip39";', "import"],
    ["`${Date.now()}`", "Date"],
  ];
  for (const [text, rule] of ways) assertEquals(found(`a;\n${text}`), [`2 ${rule}`], text);
});

Deno.test("a module of Node's that is imported on the way is found as both", () => {
  assertEquals(found('const tls = await import("node:tls");'), ["1 dynamic import", "1 import"]);
});

Deno.test("what only looks like one is not found", () => {
  const harmless = [
    "// Date.now(), setTimeout",
    '"Date.now()"; `fetch(x)`; /Deno\\./.test(x)',
    "Temporal.Instant.fromEpochMilliseconds(ms)",
    "header.Date; type X = { Date: string; performance?: number }",
    "network.fetch(url); this.#fetch(url); prefetch(url)",
    "class A { async fetch(url: string) {} }",
    "ctx.platform.dice.bytes(8); root.randomBytes(8); f({ randomBytes })",
    "updateDate(); isDeno; toDate()",
    'import { createHash } from "node:crypto";',
    'import { pbkdf2 } from "@noble/hashes/pbkdf2.js";',
    'import { randomPolynomial } from "./polynomial.ts";',
    'Symbol.for("Deno.customInspect")',
    "state.process.exit",
    "store.import(file); import.meta.url; reimport(x)",
  ];
  for (const text of harmless) assertEquals(found(text), [], text);
});

Deno.test("tests are free, exceptions cover what they name, and an exception that nothing needs is told", () => {
  const text = "Date.now();\nDeno.exit();";
  const files = ["core/x.ts", "core/x_test.ts", "core/testing/y.ts", "actors/a.ts", "actors/p/b.ts"]
    .map((path) => ({ path, text }));
  const exceptions = [
    { path: "actors/a.ts", rules: ["Deno"], reason: "" },
    { path: "actors/p/", rules: ["*"], reason: "" },
    { path: "actors/q/", rules: ["*"], reason: "" },
  ];
  const problems = determinismProblems(files, exceptions).map(({ path, line }) => `${path}:${line}`);
  assertEquals(problems, ["core/x.ts:1", "core/x.ts:2", "actors/a.ts:1", "actors/q/:0"]);
});

onMachine("the command names file and line and exits with 1 when there is a problem", async () => {
  const main = new URL("./sources.ts", import.meta.url);
  const script = `import { conclude } from ${JSON.stringify(main.href)};
    conclude([{ path: "core/x.ts", line: 3, what: "Date: use a clock" }], 1);`;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", "--no-check", script] }).output();
  assertEquals([code, new TextDecoder().decode(stdout)], [1, "core/x.ts:3 Date: use a clock\n1 files, 1 problems\n"]);
});
