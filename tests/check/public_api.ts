/**
 * Whether the public API is whole: every type and class that an export's signature names can be imported, and every error that its
 * documentation names, from the same entry; and each says what it is. Prints what is missing; exit code 1 when something is.
 */
const root = new URL("../../", import.meta.url);

/** What `deno doc --json` says of one entry. */
export type EntryDoc = { readonly symbols: readonly { readonly name: string }[] };

async function doc(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const command = new Deno.Command(Deno.execPath(), { args: ["doc", ...args], cwd: root, env: { NO_COLOR: "1" } });
  const { code, stdout, stderr } = await command.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/** Errors that the documentation says are thrown and that the entry doesn't export, sorted. */
export function missingErrors(entry: EntryDoc): string[] {
  const named = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value === "string") {
      for (const [, name] of value.matchAll(/\{(\w+Error)\}/g)) named.add(name!);
    } else if (Array.isArray(value)) value.forEach(look);
    else if (typeof value === "object" && value !== null) {
      const { kind, tsType } = value as { readonly kind?: unknown; readonly tsType?: { readonly repr?: unknown } };
      const thrown = kind === "throws" && tsType?.repr;
      if (typeof thrown === "string" && /^\w+Error$/.test(thrown)) named.add(thrown);
      Object.values(value).forEach(look);
    }
  };
  look(entry);
  const own = new Set(entry.symbols.map(({ name }) => name));
  return [...named].filter((name) => !own.has(name) && !(name in globalThis)).sort();
}

if (import.meta.main) {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const entries: string[] = Object.values(exports);
  const lint = await doc("--lint", ...entries);
  let problems = lint.code === 0 ? "" : lint.out + lint.err;
  for (const entry of entries) {
    const { nodes } = JSON.parse((await doc("--json", entry)).out) as { nodes: Record<string, EntryDoc> };
    for (const name of Object.values(nodes).flatMap(missingErrors)) {
      problems += `${entry} says that ${name} is thrown, and doesn't export it\n`;
    }
  }
  console.log(problems === "" ? `${entries.length} exports, whole` : problems);
  Deno.exit(problems === "" ? 0 : 1);
}
