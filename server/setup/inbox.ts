/** What other guardians sent and the ceremony has not asked for yet: a queue for each, bounded. Peers run ahead of each other. */
import type { PeerId } from "../../core/types/ids.ts";
import type { P2pMessage } from "../../core/types/p2p_message.ts";
import { encodeP2pMessage } from "../../core/types/p2p_message.ts";
import { WAITING_BYTES_MAX, WAITING_MESSAGES_MAX } from "./limits.ts";

type Queue = { readonly messages: P2pMessage[]; bytes: number };

export class Inbox {
  readonly #queues = new Map<PeerId, Queue>();
  readonly #waiting = new Map<PeerId, (message: P2pMessage) => void>();
  #received = 0;

  /** How many messages were handed to whoever asked. */
  get received(): number {
    return this.#received;
  }

  /** Whose message is asked for and has not come. */
  get awaited(): PeerId[] {
    return [...this.#waiting.keys()].sort((a, b) => a - b);
  }

  /** False when more wait than an honest guardian ever sends ahead: the message is dropped, and what comes later is worth nothing. */
  put(from: PeerId, message: P2pMessage): boolean {
    const waiting = this.#waiting.get(from);
    if (waiting) {
      this.#waiting.delete(from);
      this.#received++;
      waiting(message);
      return true;
    }
    const queue = this.#queueOf(from);
    const bytes = queue.bytes + encodeP2pMessage(message).length;
    if (queue.messages.length >= WAITING_MESSAGES_MAX || bytes > WAITING_BYTES_MAX) return false;
    queue.messages.push(message);
    queue.bytes = bytes;
    return true;
  }

  /** The next message of this guardian, in order. Asked for one at a time. */
  receive(from: PeerId): Promise<P2pMessage> {
    const queue = this.#queueOf(from);
    const message = queue.messages.shift();
    if (message === undefined) return new Promise((resolve) => this.#waiting.set(from, resolve));
    queue.bytes -= encodeP2pMessage(message).length;
    this.#received++;
    return Promise.resolve(message);
  }

  #queueOf(from: PeerId): Queue {
    const queue = this.#queues.get(from) ?? { messages: [], bytes: 0 };
    this.#queues.set(from, queue);
    return queue;
  }
}
