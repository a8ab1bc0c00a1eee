/**
 * Whether the public API is whole: every type and class that an export's signature names can be imported, too, and each says what it is.
 * By `deno doc --lint` over all `exports` of `deno.json`. Prints what is missing; exit code 1 when something is.
 */
const root = new URL("../../", import.meta.url);
const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
const entries: string[] = Object.values(exports);
const command = new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", ...new Set(entries)],
  cwd: root,
  env: { NO_COLOR: "1" },
});
const { code, stdout, stderr } = await command.output();
const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
console.log(code === 0 ? `${entries.length} exports, whole` : text);
Deno.exit(code);
