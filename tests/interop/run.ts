/** Other programs, run to their end. */
import { basename } from "@std/path";
import { seconds } from "../demo/report.ts";

export type Ran = { readonly exit: number; readonly out: string; readonly err: string };

export type RunOptions = {
  readonly withinMs: number;
  readonly env?: Record<string, string>;
  /** Ends it. */
  readonly signal?: AbortSignal;
};

/** @throws Error that says what took too long; the signal's reason */
export async function run(command: readonly string[], { withinMs, env = {}, signal }: RunOptions): Promise<Ran> {
  const [program, ...args] = command as [string, ...string[]];
  const late = AbortSignal.timeout(withinMs);
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    env,
    stdin: "null",
    signal: signal ? AbortSignal.any([signal, late]) : late,
  }).output();
  signal?.throwIfAborted();
  if (late.aborted) throw new Error(`${basename(program)} ${args.join(" ")} took longer than ${seconds(withinMs)}`);
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { exit: code, out: text(stdout), err: text(stderr) };
}
