/** A command line that restores, as a process of its own. */

/** With the shorter waits of test federations. */
const TEST_ENVIRONMENT = { FM_IN_DEVIMINT: "1" };

/** It ends by itself or is killed when it takes longer; of its output nothing is shown. */
export function startCommand(
  command: readonly string[],
  withinMs: number,
  env: Record<string, string> = TEST_ENVIRONMENT,
): Deno.ChildProcess {
  const [program, ...args] = command as [string, ...string[]];
  return new Deno.Command(program, {
    args,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(withinMs),
  }).spawn();
}

export function outputText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
