/** What a module that serves a task on a thread of its own consists of: one call of `serveTask`. */

/** What a thread says first: from here on it takes calls. A worker drops what comes before its module has loaded. */
export const READY = "ready";
export type Call = { readonly call: number; readonly input: unknown };
export type Answer = { readonly call: number; readonly output: unknown };

/** A worker's own end of its channel. */
type Channel = {
  onmessage: ((event: MessageEvent<Call>) => void) | null;
  postMessage(answer: Answer | typeof READY): void;
};

/** Answers each call of `Thread.run`. What `run` throws ends the thread: its opener's calls reject. */
export function serveTask<In, Out>(run: (input: In) => Out): void {
  const channel = globalThis as unknown as Channel;
  channel.onmessage = ({ data: { call, input } }) => channel.postMessage({ call, output: run(input as In) });
  channel.postMessage(READY);
}
