/** Guardians that are away are waited for. */
import { sleep } from "../../actors/platform/platform.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import { errorText } from "../../core/result.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import type { ClientRecoveryEnv } from "../../modules/contract/recovery.ts";

/** Between two questions how far the log reaches, while guardians don't answer. */
const AGAIN = { minMs: 1_000, maxMs: 60_000 };

/** What `ask` resolves to, asked until it does. @throws what is no {ApiError} */
export async function onceAnswered<T>(
  { platform: { clock, dice }, log, signal }: Pick<ClientRecoveryEnv<unknown>, "platform" | "log" | "signal">,
  ask: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0;; attempt++) {
    try {
      return await ask();
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      log.warn("Too few guardians say how far their log reaches; they are asked again", { reason: errorText(thrown) });
    }
    await sleep(clock, backOffMs(AGAIN, attempt, dice), signal);
  }
}
