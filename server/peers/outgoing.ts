/**
 * What waits to be sent to one guardian: messages of our own first, then answers to it, each in order and bounded.
 * However much a guardian asks for, what we have to say to it is not delayed by more than the one message that is
 * leaving.
 */
import type { Bytes } from "../../core/bytes.ts";
import { ANSWERS_BYTES_MAX, ANSWERS_MAX, OUTGOING_MAX } from "./limits.ts";

export class Outgoing {
  readonly #own: Bytes[] = [];
  readonly #answers: Bytes[] = [];
  #answerBytes = 0;
  #dropped = 0;

  /** Messages for which there was no room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param make encodes the message; not called when there is no room */
  put(isAnswer: boolean, make: () => Bytes): void {
    if (isAnswer ? !this.#hasRoomForAnswer() : this.#own.length >= OUTGOING_MAX) {
      this.#dropped++;
      return;
    }
    const bytes = make();
    if (isAnswer) {
      this.#answers.push(bytes);
      this.#answerBytes += bytes.length;
    } else this.#own.push(bytes);
  }

  #hasRoomForAnswer(): boolean {
    return this.#answers.length < ANSWERS_MAX && this.#answerBytes < ANSWERS_BYTES_MAX;
  }

  next(): Bytes | undefined {
    const own = this.#own.shift();
    if (own) return own;
    const answer = this.#answers.shift();
    if (answer) this.#answerBytes -= answer.length;
    return answer;
  }
}
