/** The gateway's end of one process of the node: its calls, its answers, its end. */
import { fromFileUrl } from "@std/path";
import type { Logger } from "../../../../actors/logger.ts";
import type { Child, ProcessHost } from "../../../../actors/platform/process.ts";
import type { Result } from "../../../../core/result.ts";
import { err, ok } from "../../../../core/result.ts";
import type { LdkSettings } from "./settings.ts";
import type { LdkCall, LdkCalls, Refused, Told } from "./wire.ts";
import { fromLine, toLine } from "./wire.ts";

const V8_FLAGS = [
  // of what lives shortly V8 keeps up to 48 MB by default before it cleans up
  "--max-semi-space-size=2",
  // rarely used code is kept small, and the heap grows by little before it is cleaned up
  "--optimize-for-size",
  "--heap-growing-percent=15",
  // compiling one of LDK's larger functions takes up to 38 MB for a moment, and more where others are put into it
  "--wasm-num-compilation-tasks=1",
  "--no-wasm-inlining",
].join(",");
/**
 * Of glibc's allocator; others don't know these names. One heap, and whatever has 16 KB or more by itself: what
 * compiling took goes back to the system, and isn't kept by each thread that compiled.
 */
const ALLOCATOR = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_TRIM_THRESHOLD_: "131072",
  MALLOC_MMAP_THRESHOLD_: "16384",
};

export type LinkEvents = {
  /** It answers from now on. */
  readonly ready: () => void;
  readonly changed: () => void;
  readonly commits: (count: number) => void;
};

/** How it ended: by its own word, or without one. */
export type LinkEnd = { readonly code: number; readonly reason: Refused | null };

export class Link {
  readonly #child: Child;
  readonly #events: LinkEvents;
  readonly #log: Logger;
  readonly #waiting = new Map<number, (outcome: Result<unknown, Refused>) => void>();
  #nextId = 1;
  #reason: Refused | null = null;
  #isReady = false;
  /** Resolves when the process has ended; all calls have failed then. */
  readonly ended: Promise<LinkEnd>;

  constructor(host: Pick<ProcessHost, "spawn" | "runtime">, settings: LdkSettings, events: LinkEvents, log: Logger) {
    this.#events = events;
    this.#log = log;
    this.#child = host.spawn(host.runtime, {
      args: [
        "run",
        "--quiet",
        "--allow-all",
        "--unstable-kv",
        `--v8-flags=${V8_FLAGS}`,
        "--config",
        fromFileUrl(import.meta.resolve("../../../../deno.json")),
        fromFileUrl(import.meta.resolve("./main.ts")),
      ],
      env: ALLOCATOR,
      input: "text",
      output: "lines",
    });
    this.ended = this.#follow();
    void this.#child.write(toLine(settings));
  }

  get pid(): number {
    return this.#child.pid;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  call<C extends LdkCall>(call: C, args: LdkCalls[C]["args"]): Promise<Result<LdkCalls[C]["answer"], Refused>> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve as (outcome: Result<unknown, Refused>) => void);
      void this.#child.write(toLine({ id, call, args }));
    });
  }

  /** As a power cut. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Lets it end in order. */
  async close(): Promise<void> {
    await this.#child.closeInput();
    await this.ended;
  }

  async #follow(): Promise<LinkEnd> {
    const [code] = await Promise.all([this.#child.ended, this.#readOut(), this.#readErrors()]);
    const gone: Refused = { code: "unreachable", message: "The Lightning node's process has ended." };
    for (const resolve of this.#waiting.values()) resolve(err(gone));
    this.#waiting.clear();
    return { code, reason: this.#reason };
  }

  async #readOut(): Promise<void> {
    for await (const line of this.#child.stdout()) this.#take(fromLine(line) as Told);
  }

  /** A panic's text, and what the runtime says. */
  async #readErrors(): Promise<void> {
    for await (const line of this.#child.stderr()) this.#log.debug("The node's process says", { line });
  }

  #take(told: Told): void {
    switch (told.told) {
      case "answer":
        return this.#settle(told.id, ok(told.value));
      case "refused":
        return this.#settle(told.id, err(told.error));
      case "ready":
        this.#isReady = true;
        return this.#events.ready();
      case "changed":
        return this.#events.changed();
      case "commits":
        return this.#events.commits(told.count);
      case "log":
        return this.#log[told.level](told.message, { of: told.facts });
      case "failed":
        this.#reason = told.error;
    }
  }

  #settle(id: number, outcome: Result<unknown, Refused>): void {
    this.#waiting.get(id)?.(outcome);
    this.#waiting.delete(id);
  }
}
