import { assertEquals } from "@std/assert";
import { nobleSecp } from "../core/crypto/secp/noble.ts";
import { verifierOf } from "../core/crypto/secp/verifier.ts";
import type { LogRecord } from "./logger.ts";
import { loggerFor } from "./logger.ts";
import { tellSchnorrVerifier } from "./schnorr_log.ts";

Deno.test("a log says when our own code doesn't verify signatures: as news without V8's flag, as trouble where it failed", () => {
  const records: LogRecord[] = [], log = loggerFor("root", (record) => void records.push(record));
  const verifier = verifierOf(nobleSecp);
  tellSchnorrVerifier(log, { verifier, passedOver: null });
  assertEquals(records, []);
  tellSchnorrVerifier(log, { verifier, passedOver: "no_wide_arithmetic" });
  tellSchnorrVerifier(log, { verifier, passedOver: { fault: "vector 0 of BIP340" } });
  assertEquals(records.map(({ level, facts }) => ({ level, facts })), [
    { level: "info", facts: { verifier: "noble", flagOfV8: "--experimental-wasm-wide-arithmetic" } },
    { level: "warn", facts: { verifier: "noble", fault: "vector 0 of BIP340" } },
  ]);
});
