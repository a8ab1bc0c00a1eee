/** How a replayed machine runs: it creates nothing by itself, its units come from the recording. */
import type { Delays } from "../../server/broadcast/delays.ts";
import { fedimintDelays } from "../../server/broadcast/delays.ts";

export const replayDelays: Delays = {
  ...fedimintDelays({ roundDelayMs: 20, roundsPerSession: 60, testEnvironment: false }),
  creationMs: () => Number.MAX_SAFE_INTEGER,
};
