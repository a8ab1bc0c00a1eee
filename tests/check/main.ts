/** `deno task check`: format, lint, types, import directions, determinism, permissions of tests, spreads. Every check runs; exit 1 when one failed. */

type Check = { readonly name: string; readonly args: readonly string[] };

const checks: readonly Check[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "types", args: ["check"] },
  { name: "import directions", args: ["run", "--allow-read", "tests/check/imports.ts"] },
  { name: "determinism", args: ["run", "--allow-read", "tests/check/determinism.ts"] },
  { name: "permissions", args: ["run", "--allow-read", "tests/check/permissions.ts"] },
  { name: "spreads", args: ["run", "--allow-read", "tests/check/spreads.ts"] },
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
