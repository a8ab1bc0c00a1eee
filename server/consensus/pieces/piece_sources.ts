/**
 * The guardians who can tell a session in pieces, and who of them is asked next: whoever gave most in least time, as it
 * last was. One that is slow, or gives little, costs so much once.
 */
import type { PeerId } from "../../../core/types/ids.ts";
import type { FetchedEnd } from "./fetched_piece.ts";

type Source = {
  readonly end: FetchedEnd;
  /** Of its last piece, bytes a millisecond; nothing is known of one that was never asked, so it is. */
  rate: number;
  /** Asked now. */
  asked: boolean;
  /** It failed, and is left alone for a while. */
  resting: boolean;
};

export class PieceSources {
  readonly #sources = new Map<PeerId, Source>();

  /** A root that a threshold has signed; undefined when nobody has told one. */
  get root(): FetchedEnd["root"] | undefined {
    for (const { end } of this.#sources.values()) return end.root;
    return undefined;
  }

  get size(): number {
    return this.#sources.size;
  }

  add(peer: PeerId, end: FetchedEnd): void {
    this.#sources.set(peer, { end, rate: Infinity, asked: false, resting: false });
  }

  /** For good. */
  remove(peer: PeerId): void {
    this.#sources.delete(peer);
  }

  endOf(peer: PeerId): FetchedEnd | undefined {
    return this.#sources.get(peer)?.end;
  }

  /** Who is asked now, if somebody is free. @param position null for the last piece */
  ask(position: number | null): { readonly peer: PeerId; readonly end: FetchedEnd } | null {
    let best: { readonly peer: PeerId; readonly source: Source } | null = null;
    for (const [peer, source] of this.#sources) {
      if (source.asked || source.resting || (position !== null && position >= source.end.told)) continue;
      if (!best || source.rate > best.source.rate) best = { peer, source };
    }
    if (!best) return null;
    best.source.asked = true;
    return { peer: best.peer, end: best.source.end };
  }

  /** It takes long. */
  late(peer: PeerId): void {
    const source = this.#sources.get(peer);
    if (source?.asked) source.rate = 0;
  }

  /** It answered, or did not in time. */
  answered(peer: PeerId): void {
    const source = this.#sources.get(peer);
    if (source) source.asked = false;
  }

  gave(peer: PeerId, bytes: number, ms: number): void {
    const source = this.#sources.get(peer);
    if (source) source.rate = bytes / Math.max(ms, 1);
  }

  rest(peer: PeerId, resting: boolean): void {
    const source = this.#sources.get(peer);
    if (source) source.resting = resting;
  }
}
