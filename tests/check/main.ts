/** `deno task check`: what must hold of the sources at every commit. Every check runs; exit 1 when one failed. */

type Check = { readonly name: string; readonly args: readonly string[] };

const checks: readonly Check[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "types", args: ["check"] },
  { name: "import directions", args: ["run", "--allow-read", "tests/check/imports.ts"] },
  { name: "import circles", args: ["run", "--allow-read", "tests/check/circles.ts"] },
  { name: "exports", args: ["run", "--allow-read", "tests/check/exports.ts"] },
  { name: "determinism", args: ["run", "--allow-read", "tests/check/determinism.ts"] },
  { name: "permissions", args: ["run", "--allow-read", "tests/check/permissions.ts"] },
  { name: "spreads", args: ["run", "--allow-read", "tests/check/spreads.ts"] },
  { name: "portability", args: ["run", "--allow-read", "tests/check/portability.ts"] },
  { name: "packages", args: ["run", "--allow-read", "tests/check/packages.ts"] },
  { name: "package", args: ["publish", "--dry-run", "--allow-dirty", "--allow-slow-types", "--no-check"] },
  { name: "public API", args: ["run", "--allow-read", "--allow-run", "tests/check/public_api.ts"] },
  { name: "citations", args: ["run", "--allow-read", "tests/check/citations.ts"] },
  { name: "messages", args: ["run", "--allow-read", "tests/check/messages.ts"] },
  { name: "options", args: ["run", "--allow-read", "tests/check/options.ts"] },
  { name: "heads", args: ["run", "--allow-read", "tests/check/heads.ts"] },
  { name: "dependencies", args: ["run", "--allow-read", "tests/check/dependencies.ts"] },
  { name: "examples", args: ["run", "--allow-read", "--allow-run", "tests/check/examples.ts"] },
  { name: "comments", args: ["run", "--allow-read", "tests/check/comments.ts"] },
  { name: "quotes", args: ["run", "--allow-read", "tests/check/quotes.ts"] },
];

let failed = 0;
for (const { name, args } of checks) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args] }).output();
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${name}`);
  if (code === 0) continue;
  failed++;
  console.log(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
}
console.log(`${checks.length - failed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
