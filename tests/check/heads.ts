/**
 * Whether each top folder and each room of it has a head that says what is in it and where to begin: a README, or a
 * docstring at the beginning of `mod.ts`. Prints the folders without; exit code 1 when there is one.
 */
import { conclude, filesOfCheckout, type Problem, type SourceFile } from "./sources.ts";

const TOP = ["core", "actors", "modules", "server", "client"];

/** Folders for tests need none: who looks there comes from a test. */
export function headProblems(files: readonly SourceFile[]): Problem[] {
  const rooms = new Set<string>();
  const heads = new Set<string>();
  for (const { path, text } of files) {
    const [top, room, ...rest] = path.split("/");
    if (room === undefined || !TOP.includes(top!)) continue;
    const inRoom = rest.length > 0;
    const folder = inRoom ? `${top}/${room}` : top!;
    if (room !== "testing") rooms.add(folder);
    const name = path.slice(folder.length + 1);
    if (name === "README.md" || (name === "mod.ts" && text.startsWith("/**"))) heads.add(folder);
  }
  return [...rooms].filter((folder) => !heads.has(folder)).sort()
    .map((path) => ({ path, line: 0, what: "has no README.md, and no mod.ts that says what is in it" }));
}

if (import.meta.main) {
  const { texts } = await filesOfCheckout();
  conclude(headProblems(texts), texts.length);
}
