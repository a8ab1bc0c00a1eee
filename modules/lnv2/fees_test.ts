import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError } from "../../core/encoding/mod.ts";
import { U64_MAX } from "../../core/types/amount.ts";
import {
  addFee,
  BASE_FEES,
  feeOf,
  formatPaymentFee,
  isWithin,
  NO_FEES,
  parsePaymentFee,
  RECEIVE_FEE_LIMIT,
  SEND_FEE_LIMIT,
  subtractFee,
} from "./fees.ts";

Deno.test("fees that a gateway names saturate instead of overflowing", () => {
  const huge = { base: U64_MAX, partsPerMillion: U64_MAX };
  assertEquals(feeOf(huge, U64_MAX), U64_MAX);
  assertEquals(addFee(huge, 1n), U64_MAX);
  assertEquals(subtractFee(huge, U64_MAX), 0n);
  assertEquals(subtractFee({ base: 10n, partsPerMillion: 0n }, 9n), 0n);
});

Deno.test("the federation takes 1 sat, or nothing", () => {
  assertEquals([feeOf(BASE_FEES, U64_MAX), feeOf(NO_FEES, U64_MAX)], [1_000n, 0n]);
});

Deno.test("a fee is within a limit only with its base and with its rate", () => {
  assertEquals(isWithin(RECEIVE_FEE_LIMIT, SEND_FEE_LIMIT), true);
  assertEquals(isWithin(SEND_FEE_LIMIT, SEND_FEE_LIMIT), true);
  assertEquals(isWithin({ base: 0n, partsPerMillion: 15_001n }, SEND_FEE_LIMIT), false);
  assertEquals(isWithin({ base: 100_001n, partsPerMillion: 0n }, SEND_FEE_LIMIT), false);
});

Deno.test("a payment fee's text gives it back; other texts are refused", () => {
  for (const fee of [SEND_FEE_LIMIT, { base: U64_MAX, partsPerMillion: U64_MAX }]) {
    assertEquals(parsePaymentFee(formatPaymentFee(fee)), fee);
  }
  assertEquals(parsePaymentFee("2 sat,+3"), { base: 2_000n, partsPerMillion: 3n });
  for (const text of ["", "1", "1,2,3", "1,", ",1", "1,-2", "1,++2", "1,1.5", "-1,1", `1,${U64_MAX + 1n}`]) {
    assertThrows(() => parsePaymentFee(text), DecodeError);
  }
});
