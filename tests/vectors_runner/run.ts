/** Runs the checker of one vector file: by the name the file gives itself. */
import { isJsonObject, parseJson } from "../../core/encoding/mod.ts";
import type { Checker, Failure } from "./checker.ts";
import { Mismatch, Report } from "./checker.ts";
import { Fields } from "./fields.ts";
import { CHECKERS } from "./registry.ts";

export type FileResult = { readonly file: string; readonly passed: number; readonly failures: readonly Failure[] };

/** Vector files are a few hundred kB; this leaves room for more cases. */
const FILE_CHARACTERS_MAX = 256 * 1024 * 1024;

/** The lengths that the file announces are those of its lists, and no list goes unannounced. */
function checkCounts(file: Fields): void {
  const counts = file.object("counts");
  for (const name of file.names) {
    const value = file.peek(name);
    if (!Array.isArray(value)) continue;
    if (counts.number(name) !== value.length) throw new Mismatch(`counts.${name} differs from the list's length`);
  }
  const unread = counts.unread();
  if (unread.length > 0) throw new Mismatch(`Announced lists are missing: ${unread.join(", ")}`);
}

/**
 * @param name the file's name on disk, for messages
 * @param text its content
 */
export async function runFile(
  name: string,
  text: string,
  checkers: { readonly [file: string]: Checker } = CHECKERS,
): Promise<FileResult> {
  const report = new Report();
  let file: Fields | undefined;
  await report.case(`${name} header`, () => {
    const json = parseJson(text, FILE_CHARACTERS_MAX);
    if (!isJsonObject(json)) throw new Mismatch("A vector file is an object");
    file = new Fields(name, json);
    file.ignore("say which run made the file", "file", "reference", "seed");
    checkCounts(file);
  });
  if (file) {
    const opened = file;
    await report.case(`${name} whole`, async () => {
      const known = opened.text("file");
      const checker = Object.hasOwn(checkers, known) ? checkers[known] : undefined;
      if (!checker) throw new Mismatch(`No checker is registered for ${known}`);
      await checker(opened, report);
      const untouched = opened.names.filter((field) => !opened.wasRead(field));
      if (untouched.length > 0) throw new Mismatch(`No checker read: ${untouched.join(", ")}`);
    });
  }
  return { file: name, passed: report.passed, failures: report.failures };
}
