/**
 * A system as a picture for people:
 *
 * ```
 * guardian · running
 * ├─ store · running · handled 812
 * └─ consensus · running · restarts 1
 *    └─ engine · restarting · waiting 3 · handled 40 · restarts 1 · last error: note is spent
 * ```
 */
import type { Inspection } from "./system.ts";

/** One line a node; what is zero is left out. */
export function printTree(inspection: Inspection): string {
  const lines = [describe(inspection, inspection.path)];
  printChildren(inspection, "", lines);
  return lines.join("\n");
}

function printChildren(parent: Inspection, indent: string, lines: string[]): void {
  parent.children.forEach((child, index) => {
    const last = index === parent.children.length - 1;
    lines.push(`${indent}${last ? "└─" : "├─"} ${describe(child, child.path.slice(parent.path.length + 1))}`);
    printChildren(child, `${indent}${last ? "   " : "│  "}`, lines);
  });
}

function describe(node: Inspection, name: string): string {
  const parts = [name, node.status as string];
  for (const counter of ["waiting", "handled", "refused", "restarts"] as const) {
    if (node[counter] > 0) parts.push(`${counter} ${node[counter]}`);
  }
  for (const [fact, value] of Object.entries(node.facts)) {
    if (value !== null && value !== 0) parts.push(`${fact} ${value}`);
  }
  if (node.lastError !== null) parts.push(`last error: ${node.lastError.replace(/\s+/g, " ")}`);
  return parts.join(" · ");
}
