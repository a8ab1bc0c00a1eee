/**
 * Whether the program touches the world through `actors/platform` alone: no clock, dice, timer, socket, file or thread
 * elsewhere. Only so is a simulation of it the same for the same seed. Prints `file:line` for each break; exit code 1
 * when there is one.
 */
import { lineOf, scanSource } from "./source_scanner.ts";
import { conclude, isTest, type Problem, type SourceFile, sourcesBelow } from "./sources.ts";

type Rule = { readonly name: string; readonly pattern: RegExp; readonly instead: string };

/** Names in code. A name behind a dot is somebody's own, except behind a global's name. */
const RULES: readonly Rule[] = [
  global("Date", "ctx.platform.clock"),
  { name: "Temporal.Now", pattern: /\bTemporal\s*\.\s*Now\b/g, instead: "ctx.platform.clock" },
  global("performance", "ctx.platform.clock"),
  global("setTimeout", "ctx.after or clock.setTimer"),
  global("setInterval", "ctx.after or clock.setTimer"),
  global("setImmediate", "ctx.after or clock.setTimer"),
  { name: "AbortSignal.timeout", pattern: /\bAbortSignal\s*\.\s*timeout\b/g, instead: "clock.setTimer" },
  { name: "Math.random", pattern: /\bMath\s*\.\s*random\b/g, instead: "ctx.platform.dice" },
  {
    name: "crypto",
    pattern: /\bcrypto\s*\.\s*(getRandomValues|randomUUID|subtle)\b/g,
    instead: "dice, or noble's functions",
  },
  { name: "random key", pattern: /\b(randomSecretKey|randomPrivateKey)\b/g, instead: "dice.bytes" },
  { name: "Deno", pattern: /(?<![.\w$])Deno\s*\./g, instead: "ctx.platform" },
  {
    name: "process",
    pattern: /(?<![.\w$])process\s*\.\s*(env|argv|exit|hrtime|nextTick|on|stdout|stderr)\b/g,
    instead: "ProcessHost",
  },
  {
    name: "fetch",
    pattern: /(?<![.\w$#])(?<!\b(?:async|get|function)\s)(?:globalThis\s*\.\s*)?fetch\s*\(/g,
    instead: "network.fetch",
  },
  global("XMLHttpRequest", "network.fetch"),
  global("EventSource", "network.fetch"),
  { name: "WebSocket", pattern: /\bnew\s+WebSocket\b/g, instead: "network.openWebSocket" },
  { name: "thread", pattern: /\bnew\s+(Worker|SharedWorker)\b/g, instead: "the worker pool" },
  { name: "channel", pattern: /\bnew\s+(MessageChannel|BroadcastChannel)\b/g, instead: "messages of actors" },
  { name: "garbage collection", pattern: /\bnew\s+(WeakRef|FinalizationRegistry)\b/g, instead: "an explicit end" },
  {
    name: "dynamic import",
    pattern: /(?<![.\w$])import\s*\(/g,
    instead: "a static import, or what a main program hands in",
  },
  { name: "storage", pattern: /(?<![.\w$])(localStorage|sessionStorage|indexedDB)\b/g, instead: "the store" },
];

/** Node's modules that compute and touch nothing. */
const NODE_MODULES = [
  "node:assert",
  "node:assert/strict",
  "node:buffer",
  "node:crypto",
  "node:path",
  "node:url",
  "node:util",
];
/** What packages and `node:crypto` have that rolls dice of its own, or computes on a thread. */
const RANDOM_IMPORT = /\b(random\w*|generateMnemonic|generateKey\w*|generatePrime\w*|pbkdf2|scrypt|webcrypto|subtle)\b/;
/** Packages' functions of those names that compute here, from what they are given. */
const PURE_PACKAGES = ["@noble/hashes/pbkdf2.js", "@noble/hashes/scrypt.js"];

/** Folders whose code must be deterministic. */
const FOLDERS = ["core", "actors", "modules", "server", "client"];

type Exception = { readonly path: string; readonly rules: readonly string[]; readonly reason: string };

/** Files, or folders with a slash at the end, that may break a rule. All exceptions there are, each with its reason. */
const EXCEPTIONS: readonly Exception[] = [
  { path: "actors/platform/", rules: ["*"], reason: "it is the platform" },
  { path: "actors/store/kv.ts", rules: ["Deno"], reason: "opens the database; simulations use the memory backend" },
  { path: "actors/store/kv_backend.ts", rules: ["Deno"], reason: "speaks with the database" },
  {
    path: "actors/store/file_check.ts",
    rules: ["Deno"],
    reason: "a database's files are looked at before Deno KV opens them",
  },
  { path: "actors/store/lock.ts", rules: ["Deno"], reason: "the database's lock is a file's" },
  {
    path: "server/main.ts",
    rules: ["Deno", "dynamic import"],
    reason: "the program itself: arguments, environment, signals, exit, the modules that it is told to load",
  },
  {
    path: "client/main.ts",
    rules: ["Deno", "dynamic import"],
    reason: "the program itself: arguments, environment, terminal, exit, the modules that it is told to load",
  },
  {
    path: "core/crypto/secp/fastest.ts",
    rules: ["dynamic import"],
    reason: "a package whose WebAssembly a process may not read is passed over; both backends answer alike",
  },
  {
    path: "core/crypto/bls/fastest.ts",
    rules: ["dynamic import"],
    reason: "the backend that isn't used takes none of a start's time; all answer alike",
  },
  { path: "server/dev/chain/main.ts", rules: ["Deno"], reason: "a development program itself" },
  { path: "server/dev/federation/", rules: ["Deno"], reason: "a development program: starts real processes" },
];

export function problemsIn(file: SourceFile): (Problem & { readonly rule: string })[] {
  const { code, imports } = scanSource(file.text);
  const problems: (Problem & { readonly rule: string })[] = [];
  const add = (rule: string, line: number, what: string): void =>
    void problems.push({ path: file.path, rule, line, what });
  for (const { name, pattern, instead } of RULES) {
    for (const match of code.matchAll(pattern)) {
      add(name, lineOf(file.text, match.index), `${match[0].trim()}: use ${instead}`);
    }
  }
  for (const { line, specifier, clause } of imports) {
    if (specifier.startsWith(".")) continue;
    if (specifier.startsWith("node:") && !NODE_MODULES.includes(specifier)) {
      add("import", line, `${specifier}: use ctx.platform`);
    }
    const random = PURE_PACKAGES.includes(specifier) ? null : clause.match(RANDOM_IMPORT);
    if (random !== null) add("import", line, `${random[0]} from ${specifier}: use ctx.platform.dice`);
  }
  return problems.sort((a, b) => a.line - b.line);
}

/** The problems that no exception covers, and the exceptions that cover none. */
export function determinismProblems(
  files: readonly SourceFile[],
  exceptions: readonly Exception[] = EXCEPTIONS,
): Problem[] {
  const used = new Set<Exception>();
  const problems: Problem[] = [];
  for (const file of files) {
    if (isTest(file.path)) continue;
    for (const problem of problemsIn(file)) {
      const exception = exceptions.find(({ path, rules }) =>
        (path.endsWith("/") ? file.path.startsWith(path) : file.path === path) &&
        (rules.includes("*") || rules.includes(problem.rule))
      );
      if (exception === undefined) problems.push(problem);
      else used.add(exception);
    }
  }
  for (const exception of exceptions) {
    if (!used.has(exception)) {
      problems.push({ path: exception.path, line: 0, what: "is an exception that nothing needs" });
    }
  }
  return problems;
}

function global(name: string, instead: string): Rule {
  const pattern = new RegExp(
    `(?<![.\\w$])${name}\\b(?!\\s*\\??:(?!:))|\\b(?:globalThis|self|window)\\s*\\.\\s*${name}\\b`,
    "g",
  );
  return { name, pattern, instead };
}

if (import.meta.main) {
  const files = await sourcesBelow(FOLDERS);
  conclude(determinismProblems(files), files.length);
}
