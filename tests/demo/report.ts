/** What the demo prints: a line a step with its time, and tables at the end. */
import type { Inspection } from "../../actors/system.ts";

export class Progress {
  readonly #begunMs = performance.now();
  #stepMs = performance.now();
  #step = 0;

  get elapsedMs(): number {
    return performance.now() - this.#begunMs;
  }

  /** One line: number, seconds since the start, what happens. */
  say(text: string): void {
    this.#stepMs = performance.now();
    console.log(`${String(++this.#step).padStart(2)}  ${seconds(this.elapsedMs).padStart(6)}  ${text}`);
  }

  /** Something that goes on beside the steps. */
  aside(text: string): void {
    console.log(`    ${seconds(this.elapsedMs).padStart(6)}  · ${text}`);
  }

  /** What came of the step, and how long it took. */
  result(text: string): number {
    const tookMs = performance.now() - this.#stepMs;
    console.log(`              → ${text} (${seconds(tookMs)})`);
    return tookMs;
  }
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** msat as sat, with thousands apart and the rest that is no whole sat. */
export function sats(msat: bigint): string {
  if (msat < 0n) return `−${sats(-msat)}`;
  const whole = (msat / 1000n).toString().replace(/\B(?=(\d{3})+(?!\d))/g, " ");
  const rest = msat % 1000n;
  return rest === 0n ? `${whole} sat` : `${whole}.${rest.toString().padStart(3, "0")} sat`;
}

/** Columns as wide as their widest cell; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ").trimEnd();
  return [line(header), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}

/** A tree of actors: name, messages handled, restarts. Session and connection numbers change from run to run. */
export function actorTree(root: Inspection): string {
  const lines: string[] = [];
  const walk = (node: Inspection, indent: string, branch: string): void => {
    const name = node.path.split("/").at(-1)!;
    const facts = node.kind === "supervisor" ? "" : `  ${node.handled} handled`;
    const restarts = node.restarts === 0 ? "" : `, ${node.restarts} restarts`;
    lines.push(`${indent}${branch}${name}${facts}${restarts}`);
    const below = branch === "" ? indent : indent + (branch === "└─ " ? "   " : "│  ");
    node.children.forEach((child, i) => walk(child, below, i === node.children.length - 1 ? "└─ " : "├─ "));
  };
  walk(root, "", "");
  return lines.join("\n");
}
