/**
 * Whether files import each other in a circle, types included: such files can only be read together, so they are one
 * file, or a third that both import is missing. Prints the files of each circle that is not among `KNOWN`; exit code 1
 * when there is one.
 */
import { join } from "@std/path";
import { scanSource } from "./source_scanner.ts";
import { conclude, type Problem, type SourceFile, sourcesBelow } from "./sources.ts";

const FOLDERS = ["core", "actors", "modules", "server", "client", "tests"];

/** Circles that may stay: the files, and why. */
const KNOWN: readonly { readonly files: readonly string[]; readonly why: string }[] = [
  {
    files: ["actors/actor.ts", "actors/supervisor.ts"],
    why: "an actor's context starts children, and a child is an actor's definition with its arguments",
  },
  {
    files: ["actor_cell", "incarnation", "node", "runtime", "supervisor_node"].map((name) =>
      `actors/runtime/${name}.ts`
    ),
    why:
      "the runtime finds nodes by path, and nodes reach others through the runtime; supervisors make nodes and are nodes",
  },
  {
    files: ["connection", "machine", "ports", "universe"].map((name) => `actors/platform/simulated/${name}.ts`),
    why: "a machine has connections, a connection joins two machines, and a universe finds the machine by its name",
  },
  {
    files: ["client/core/core.ts", ...["executor", "machine", "machines"].map((name) => `client/executor/${name}.ts`)],
    why: "an operation's transaction starts machines, and a machine's step is an operation's transaction",
  },
  {
    files: ["client", "pending", "running"].map((name) => `client/core/${name}.ts`),
    why: "what runs is opened by a client with the client's options",
  },
];

export function circleProblems(files: readonly SourceFile[]): Problem[] {
  return circlesIn(files)
    .filter((circle) => !KNOWN.some(({ files }) => circle.every((path) => files.includes(path))))
    .map((circle) => ({ path: circle[0]!, line: 1, what: `imports itself by way of ${circle.join(", ")}` }));
}

/**
 * Every largest set of files that reach each other by imports, in order of their first file; files in order as well.
 */
export function circlesIn(files: readonly SourceFile[]): string[][] {
  const known = new Set(files.map(({ path }) => path));
  const imports = new Map<string, string[]>();
  for (const { path, text } of files) {
    const targets = scanSource(text).imports.map(({ specifier }) => join(path, "..", specifier));
    imports.set(path, targets.filter((target) => known.has(target)));
  }
  return stronglyConnected(imports)
    .filter((circle) => circle.length > 1 || imports.get(circle[0]!)!.includes(circle[0]!))
    .map((circle) => circle.sort())
    .sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
}

/** Tarjan 1972: one walk, each node's `low` is the earliest node on the path that it reaches. */
function stronglyConnected(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const path: string[] = [];
  const onPath = new Set<string>();
  const found: string[][] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    path.push(node);
    onPath.add(node);
    for (const target of edges.get(node) ?? []) {
      if (!index.has(target)) {
        visit(target);
        low.set(node, Math.min(low.get(node)!, low.get(target)!));
      } else if (onPath.has(target)) low.set(node, Math.min(low.get(node)!, index.get(target)!));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = path.splice(path.indexOf(node));
    for (const member of component) onPath.delete(member);
    found.push(component);
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return found;
}

if (import.meta.main) {
  const files = await sourcesBelow(FOLDERS);
  conclude(circleProblems(files), files.length);
}
