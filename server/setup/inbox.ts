/**
 * What other guardians sent and the ceremony has not asked for yet: a queue for each, bounded. Peers run ahead of each
 * other.
 */
import type { PeerId } from "../../core/types/ids.ts";
import type { ReceivedP2pMessage } from "../../core/types/p2p_message.ts";
import { encodeP2pMessage } from "../../core/types/p2p_message.ts";
import { WAITING_BYTES_MAX, WAITING_MESSAGES_MAX } from "./limits.ts";

/** Who sends anything else has finished its ceremony and is in consensus. */
const OF_CEREMONY: ReadonlySet<string> = new Set(["Checksum", "DkgG1", "DkgG2", "Encodable"]);

function kindOf(message: ReceivedP2pMessage): string {
  return message.tag === "Sealed" ? message.value.kind : message.tag;
}

function sizeOf(message: ReceivedP2pMessage): number {
  return message.tag === "Sealed" ? message.value.payload.length : encodeP2pMessage(message).length;
}

type Queue = {
  readonly messages: { readonly message: ReceivedP2pMessage; readonly size: number }[];
  bytes: number;
  /** The last one is none of the ceremony's: nothing behind it will ever be asked for. */
  ended: boolean;
};
type Waiting = { readonly step: string; readonly resolve: (message: ReceivedP2pMessage) => void };

export class Inbox {
  readonly #queues = new Map<PeerId, Queue>();
  readonly #waiting = new Map<PeerId, Waiting>();
  #received = 0;

  /** How many messages were handed to whoever asked. */
  get received(): number {
    return this.#received;
  }

  /** Whose message is asked for and has not come, and in which step. */
  get awaited(): Map<PeerId, string> {
    return new Map([...this.#waiting].map(([peer, { step }]) => [peer, step] as const).sort(([a], [b]) => a - b));
  }

  /**
   * False when more wait than an honest guardian ever sends ahead: the message is dropped, and what comes later is
   * worth nothing. A guardian that has finished goes on into consensus while we wait for a slower one. Of that the
   * first message is kept, which tells what came if it is asked for; the rest is dropped, as consensus repeats it.
   */
  put(from: PeerId, message: ReceivedP2pMessage): boolean {
    const waiting = this.#waiting.get(from);
    if (waiting) {
      this.#waiting.delete(from);
      this.#received++;
      waiting.resolve(message);
      return true;
    }
    const queue = this.#queueOf(from);
    if (queue.ended) return true;
    const size = sizeOf(message), bytes = queue.bytes + size;
    queue.ended = !OF_CEREMONY.has(kindOf(message));
    if (!queue.ended && (queue.messages.length >= WAITING_MESSAGES_MAX || bytes > WAITING_BYTES_MAX)) return false;
    queue.messages.push({ message, size });
    queue.bytes = bytes;
    return true;
  }

  /** The next message of this guardian, in order. Asked for one at a time; `step` is what it is for. */
  receive(from: PeerId, step: string): Promise<ReceivedP2pMessage> {
    const queue = this.#queueOf(from);
    const first = queue.messages.shift();
    if (first === undefined) return new Promise((resolve) => this.#waiting.set(from, { step, resolve }));
    queue.bytes -= first.size;
    this.#received++;
    return Promise.resolve(first.message);
  }

  #queueOf(from: PeerId): Queue {
    const queue = this.#queues.get(from) ?? { messages: [], bytes: 0, ended: false };
    this.#queues.set(from, queue);
    return queue;
  }
}
