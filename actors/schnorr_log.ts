/** Says in a program's log which code verifies Schnorr signatures, when it isn't our own. */
import type { VerifierChoice } from "../core/crypto/secp/verifier.ts";
import { schnorrVerifier } from "../core/crypto/secp/verifier.ts";
import { WIDE_FLAG } from "../core/crypto/wasm/probe.ts";
import type { Logger } from "./logger.ts";

/** Once a start, of programs that verify many: our own is assembled and tested here, if it wasn't before. */
export function tellSchnorrVerifier(
  log: Logger,
  { verifier, passedOver }: VerifierChoice = schnorrVerifier.chosen(),
): void {
  if (passedOver === null) return;
  const instead = { verifier: verifier.name };
  if (passedOver === "no_wide_arithmetic") {
    log.info("Transactions' signatures are verified one by one, three times as slow as by our own code", {
      ...instead,
      flagOfV8: WIDE_FLAG,
    });
  } else {
    const { fault } = passedOver;
    log.warn("Our own secp256k1 failed its test at the start, signatures are verified one by one", {
      ...instead,
      fault,
    });
  }
}
