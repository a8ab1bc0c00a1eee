/** Spans and points of time on the wire: seconds ‖ nanoseconds. `fedimint-core/src/encoding/mod.rs`. */
import type { Codec } from "../encoding/mod.ts";
import { DecodeError, mapCodec, struct, u32, u64 } from "../encoding/mod.ts";

const NANOS_PER_SECOND = 1_000_000_000;
const U64_MAX = 0xffff_ffff_ffff_ffffn;
/** Seconds since 1970 that the reference's clock type (64-bit Linux) can hold. */
const CLOCK_SECONDS_MAX = 0x7fff_ffff_ffff_ffffn;

/** `nanos` < 10^9. */
export type Duration = { readonly secs: bigint; readonly nanos: number };

const rawDuration = struct("Duration", { secs: u64, nanos: u32 });

function canonical(value: Duration): Duration {
  if (value.nanos >= NANOS_PER_SECOND) throw new DecodeError("out_of_range", "Nanoseconds reach a whole second");
  return value;
}

/** serde carries whole seconds over; the consensus encoding refuses them. */
function carried(value: Duration): Duration {
  const secs = value.secs + BigInt(Math.floor(value.nanos / NANOS_PER_SECOND));
  if (secs > U64_MAX) throw new DecodeError("out_of_range", "Duration overflows");
  return { secs, nanos: value.nanos % NANOS_PER_SECOND };
}

/** JSON `{"secs":1,"nanos":0}`. */
export const duration: Codec<Duration> = mapCodec(rawDuration, "Duration", {
  decode: canonical,
  encode: canonical,
  fromJson: (json) => carried(rawDuration.fromJson(json)),
});

/** A point of time since 1970-01-01 UTC; never before it. */
export type SystemTime = { readonly secsSinceEpoch: bigint; readonly nanosSinceEpoch: number };

const rawSystemTime = struct("SystemTime", { secsSinceEpoch: u64, nanosSinceEpoch: u32 });

function onClock(value: Duration): SystemTime {
  if (value.secs > CLOCK_SECONDS_MAX) throw new DecodeError("out_of_range", "Time is beyond what clocks can hold");
  return { secsSinceEpoch: value.secs, nanosSinceEpoch: value.nanos };
}

function sinceEpoch(time: SystemTime): Duration {
  return { secs: time.secsSinceEpoch, nanos: time.nanosSinceEpoch };
}

/** JSON `{"secs_since_epoch":1,"nanos_since_epoch":0}`. */
export const systemTime: Codec<SystemTime> = mapCodec(duration, "SystemTime", {
  decode: onClock,
  encode: sinceEpoch,
  toJson: rawSystemTime.toJson,
  fromJson: (json) => onClock(carried(sinceEpoch(rawSystemTime.fromJson(json)))),
});
