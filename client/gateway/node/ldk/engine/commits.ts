/**
 * Whether the folder is the newest one there was. A channel's older state is worth nothing: whoever closes a channel to
 * it loses all of it to the peer. So commits are counted, the count is told to the gateway, which keeps it elsewhere,
 * and a folder that has fewer is refused. And a peer that proves a newer state ends the node for good, before it closes
 * anything: then the peer's own closing brings the money back.
 */
import { encode, text, u64Number } from "../../../../../core/encoding/mod.ts";
import { NodeError } from "../../node.ts";
import type { Disk } from "./disk.ts";

const KEY = "commits", STALE = "stale";
/** Of LDK's own words. */
const PROOF_CHARACTERS_MAX = 300;

export class Commits {
  readonly #disk: Disk;
  #count = 0;
  #durable = 0;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Of those that are durable. */
  get durable(): number {
    return this.#durable;
  }

  /** @throws {NodeError} `refused` */
  async load(least: number): Promise<void> {
    const stale = await this.#disk.get(text, STALE);
    if (stale !== null) throw fallenBehind(stale);
    this.#count = await this.#disk.get(u64Number, KEY) ?? 0;
    this.#durable = this.#count;
    if (this.#count >= least) return;
    throw new NodeError(
      "refused",
      `The Lightning node's folder is an older copy (${this.#count} commits, ${least} were made). Starting with it could ` +
        "lose the money in its channels. Bring the newest folder back. If it is lost, ask each peer to close its channel " +
        "with you by force, and restore the money on the chain from the words.",
    );
  }

  /** In the commit that is being made. */
  next(): void {
    this.#count++;
    this.#disk.put(u64Number, KEY, this.#count);
  }

  /** The one that was being made is durable. */
  done(): void {
    this.#durable = this.#count;
  }

  /** For good. Nothing else of this moment goes to disk. @returns what the node ends with */
  async markStale(proof: string): Promise<NodeError> {
    await this.#disk.commitAlone(STALE, encode(text, proof.slice(0, PROOF_CHARACTERS_MAX)));
    return fallenBehind(proof);
  }
}

function fallenBehind(proof: string): NodeError {
  return new NodeError(
    "refused",
    `A peer has proved a newer state of a channel than this folder has (${proof}). The folder is an older copy. ` +
      "The node stays stopped, so that it closes nothing: bring the newest folder back, or ask each peer to close its " +
      "channel with you by force.",
  );
}
