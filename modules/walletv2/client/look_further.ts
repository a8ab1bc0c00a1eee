/**
 * How a scan comes over a gap that is wider than it looks ahead: outputs that can be no deposit take indices, and
 * whoever pays for ten thousand of them must not hide the deposits behind. No endpoint tells how long the log is, so
 * while there is nothing new one page beyond is looked at now and then, each time the next one, and after the last one
 * from the first again. Pure.
 */
import { FURTHER_EVERY_MS, FURTHER_PAGES_MAX, FURTHER_REST_MS, OUTPUT_LOOK_AHEAD } from "../limits.ts";

/** Outputs with indices start ≤ index < end. */
export type Page = { readonly start: number; readonly end: number };

export class LookFurther {
  #page = 0;
  #dueMs: number;

  /** @param nowMs on the monotonic clock */
  constructor(nowMs: number) {
    this.#dueMs = nowMs + FURTHER_EVERY_MS;
  }

  /**
   * The pages to look at in this round, in order; mostly none.
   * @param position from which on nothing was seen @param all somebody asks for everything
   */
  *due(position: number, nowMs: number, all: boolean): Generator<Page> {
    if (all) {
      for (let page = 0; page < FURTHER_PAGES_MAX; page++) yield pageAt(position, page);
      return;
    }
    if (nowMs < this.#dueMs) return;
    const page = pageAt(position, this.#page);
    this.#page = (this.#page + 1) % FURTHER_PAGES_MAX;
    this.#dueMs = nowMs + (this.#page === 0 ? FURTHER_REST_MS : FURTHER_EVERY_MS);
    yield page;
  }

  /** Something was found: what is behind that is seen from the first page on. */
  found(nowMs: number): void {
    this.#page = 0;
    this.#dueMs = nowMs + FURTHER_EVERY_MS;
  }
}

function pageAt(position: number, page: number): Page {
  const start = position + (page + 1) * OUTPUT_LOOK_AHEAD;
  return { start, end: start + OUTPUT_LOOK_AHEAD };
}
