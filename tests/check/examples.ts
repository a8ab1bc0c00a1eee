/**
 * Whether the examples in documents and in the heads of sources hold: all are type-checked (`deno check --doc-only`),
 * and those of files without a fence marked `no_run` are run (`deno test --doc`), with an assertion of their own. What
 * is fenced as `ts ignore` is quoted from a file that is checked itself. Prints what fails; exit code 1 then.
 */
import { conclude, filesOfCheckout, type Problem } from "./sources.ts";

const FENCE = /^(?: \* |)```(?:ts|typescript)( [\w ]*)?$/gm;

type Examples = { readonly checked: string[]; readonly run: string[] };

/** @returns files with examples, and those of them whose every example can run by itself */
export function examplesIn(files: readonly { path: string; text: string }[]): Examples {
  const checked: string[] = [];
  const run: string[] = [];
  for (const { path, text } of files) {
    const marks = [...text.matchAll(FENCE)].map(([, mark]) => mark?.trim() ?? "").filter((mark) => mark !== "ignore");
    if (marks.length === 0) continue;
    checked.push(path);
    if (marks.every((mark) => mark === "")) run.push(path);
  }
  return { checked, run };
}

async function deno(what: string, args: readonly string[]): Promise<Problem[]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { NO_COLOR: "1" },
  }).output();
  if (code === 0) return [];
  console.log(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  return [{ path: "examples", line: 0, what }];
}

if (import.meta.main) {
  const { texts } = await filesOfCheckout();
  const { checked, run } = examplesIn(texts.filter(({ path }) => !path.startsWith("tests/vectors/")));
  conclude([
    ...await deno("an example does not fit the types", ["check", "--doc-only", ...checked]),
    ...await deno("an example fails", ["test", "--doc", "--no-check", "-A", ...run]),
  ], checked.length);
}
