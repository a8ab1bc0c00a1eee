/** Says in a program's log which BLS12-381 it computes with, when it isn't our own. */
import type { BlsPassedOver } from "../core/crypto/bls/mod.ts";
import { WIDE_FLAG } from "../core/crypto/bls/mod.ts";
import type { Logger } from "./logger.ts";

/** Once a start. @param passedOver as `readyBls` says it */
export function tellBlsBackend(log: Logger, passedOver: BlsPassedOver): void {
  if (passedOver === null) return;
  if (passedOver === "no_wide_arithmetic") {
    log.info("Notes are verified and signed by mcl, three times as slow as by our own code", { flagOfV8: WIDE_FLAG });
  } else {
    log.warn("Our own BLS12-381 failed its test at the start, mcl takes its place", { fault: passedOver.fault });
  }
}
