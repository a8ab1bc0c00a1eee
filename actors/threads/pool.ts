/**
 * Threads for one kind of work that is done just as well here: a pool takes a job only when that is faster.
 *
 * Threads are started when there was much to do for a while, one at a time, and end after a quiet time. Nobody waits
 * for one to load: a thread counts once it has answered a first job. A job waits for a thread that is busy, but for one
 * job at the most. Whatever fails (a thread dies, answers something else, or never) the job is given back, and its
 * owner does it: a pool is never the reason that something isn't done.
 *
 * A machine with one core has no threads, nor has a simulated one.
 */
import { ThreadError } from "../platform/error.ts";
import type { Logger } from "../logger.ts";
import type { Platform, Task, Thread, Timer } from "../platform/platform.ts";
import {
  POOL_JOB_MS,
  POOL_QUIET_MS,
  POOL_REST_MS,
  POOL_START_MS,
  POOL_THREADS_MAX,
  POOL_WANTED,
  POOL_WANTED_MS,
} from "./limits.ts";

export type PoolEnv = {
  readonly platform: Pick<Platform, "clock" | "threads">;
  readonly log: Logger;
  /** Its abortion ends all threads, and gives all jobs back. */
  readonly signal: AbortSignal;
};

export type PooledTask<In, Out> = Task<In, Out> & {
  /** A job that is done in no time: what a thread answers first. */
  readonly first: In;
  /** Whether this can be the answer. A thread that answers anything else is broken. */
  readonly isAnswer: (input: In, output: Out) => boolean;
};

type Member<In, Out> = {
  readonly thread: Thread<In, Out>;
  /** Gives its job back; null while it has none. */
  giveBack: (() => void) | null;
};

type Waiting<In, Out> = (member: Member<In, Out> | null) => void;

const GIVEN_BACK = Symbol("a job without an answer");

export class ThreadPool<In, Out> {
  readonly #task: PooledTask<In, Out>;
  readonly #env: PoolEnv;
  readonly #most: number;
  readonly #members = new Set<Member<In, Out>>();
  readonly #free: Member<In, Out>[] = [];
  /** Jobs that wait for a thread; never more than there are threads that work. */
  readonly #waiting = new Set<Waiting<In, Out>>();
  /** It hasn't answered its first job yet. */
  #starting: Member<In, Out> | null = null;
  /** When there was no free thread for a job, the last times. */
  #wantedMs: number[] = [];
  #restUntilMs = -Infinity;
  #quiet: Timer | null = null;

  constructor(task: PooledTask<In, Out>, env: PoolEnv) {
    this.#task = task;
    this.#env = env;
    this.#most = Math.min(env.platform.threads.cores - 1, POOL_THREADS_MAX);
    env.signal.addEventListener("abort", () => this.#closeAll(), { once: true });
  }

  /** Threads that have loaded. */
  get size(): number {
    return this.#members.size;
  }

  /**
   * @param input made only when a thread takes it
   * @returns null when none does, or fails: do the job here
   */
  async run(input: () => In): Promise<Out | null> {
    if (this.#most < 1 || this.#env.signal.aborted) return null;
    const member = this.#free.pop() ?? await this.#wait();
    if (member === null) return null;
    const answer = await this.#ask(member, input(), POOL_JOB_MS);
    if (answer === GIVEN_BACK) return null;
    this.#release(member);
    return answer;
  }

  async #wait(): Promise<Member<In, Out> | null> {
    this.#want();
    if (this.#waiting.size >= this.#members.size) return null;
    return await new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** The next job begins, in the order in which they came; or it is free. */
  #release(member: Member<In, Out>): void {
    if (!this.#members.has(member)) return;
    const [next] = this.#waiting;
    if (next) {
      this.#waiting.delete(next);
      next(member);
      return;
    }
    this.#free.push(member);
    this.#quiet?.cancel();
    this.#quiet = this.#env.platform.clock.setTimer(POOL_QUIET_MS, () => {
      if (this.#free.length === this.#members.size && this.#starting === null) this.#closeAll();
    });
  }

  /** When it is given back the thread is closed. */
  async #ask(member: Member<In, Out>, input: In, deadlineMs: number): Promise<Out | typeof GIVEN_BACK> {
    let timer: Timer | null = null;
    const givenBack = new Promise<typeof GIVEN_BACK>((resolve) => {
      member.giveBack = () => resolve(GIVEN_BACK);
      timer = this.#env.platform.clock.setTimer(deadlineMs, () => this.#fail(member, "It doesn't answer"));
    });
    try {
      const output = await Promise.race([member.thread.run(input), givenBack]);
      if (output === GIVEN_BACK || this.#task.isAnswer(input, output)) return output;
      this.#fail(member, "Its answer makes no sense");
      return GIVEN_BACK;
    } catch (thrown) {
      if (!(thrown instanceof ThreadError)) throw thrown;
      if (thrown.code === "failed") this.#fail(member, thrown.message);
      return GIVEN_BACK;
    } finally {
      timer!.cancel();
      member.giveBack = null;
    }
  }

  /** Nobody was free: it is the time for one more when that was so for a while. */
  #want(): void {
    const { clock } = this.#env.platform, nowMs = clock.monotonicMs();
    if (nowMs < this.#restUntilMs || this.#starting !== null || this.#members.size >= this.#most) return;
    this.#wantedMs.push(nowMs);
    if (this.#wantedMs.length < POOL_WANTED) return;
    if (this.#wantedMs.shift()! > nowMs - POOL_WANTED_MS) {
      this.#wantedMs = [];
      // its end is told by whom it serves
      void this.#start();
    }
  }

  async #start(): Promise<void> {
    let member: Member<In, Out>;
    try {
      member = { thread: this.#env.platform.threads.open(this.#task), giveBack: null };
    } catch (thrown) {
      if (!(thrown instanceof ThreadError)) throw thrown;
      this.#rest(thrown.message);
      return;
    }
    this.#starting = member;
    const answer = await this.#ask(member, this.#task.first, POOL_START_MS);
    if (answer === GIVEN_BACK || this.#starting !== member) return;
    this.#starting = null;
    this.#members.add(member);
    this.#env.log.debug("A thread was started", { threads: this.#members.size });
    this.#release(member);
  }

  /** Closes it for good. Who waits for a thread when there is none left does its job itself. */
  #fail(member: Member<In, Out>, reason: string): void {
    this.#close(member);
    this.#rest(reason);
    for (const waiting of [...this.#waiting].slice(this.#members.size)) {
      this.#waiting.delete(waiting);
      waiting(null);
    }
  }

  #rest(reason: string): void {
    this.#restUntilMs = this.#env.platform.clock.monotonicMs() + POOL_REST_MS;
    this.#wantedMs = [];
    this.#env.log.warn("A thread failed; what it should do is done here", { reason });
  }

  #close(member: Member<In, Out>): void {
    this.#members.delete(member);
    if (this.#starting === member) this.#starting = null;
    member.thread.close();
    member.giveBack?.();
  }

  #closeAll(): void {
    this.#quiet?.cancel();
    this.#quiet = null;
    this.#free.length = 0;
    for (const member of [...this.#members, ...this.#starting ? [this.#starting] : []]) this.#close(member);
    for (const waiting of this.#waiting) waiting(null);
    this.#waiting.clear();
    this.#wantedMs = [];
  }
}
