/**
 * Ways to a node that few know: the last hops, which the payee puts into its invoice. Follows `RouteHint` of
 * fedimint-ln-common 0.13.0, whose forms are these.
 */
import type { Codec, CodecType } from "../encoding/mod.ts";
import { list, option, struct, u16, u32, u64 } from "../encoding/mod.ts";
import { publicKey } from "../types/keys.ts";

/** What a node asks for passing a payment on: `base` msat and millionths of what is paid. */
export const routingFees = struct("RoutingFees", { baseMsat: u32, proportionalMillionths: u32 });
export type RoutingFees = CodecType<typeof routingFees>;

/** One hop: over channel `shortChannelId` of node `srcNodeId` (33 bytes), for so much and so many blocks. */
const routeHintHop = struct("RouteHintHop", {
  srcNodeId: publicKey,
  shortChannelId: u64,
  baseMsat: u32,
  proportionalMillionths: u32,
  cltvExpiryDelta: u16,
  htlcMinimumMsat: option(u64),
  htlcMaximumMsat: option(u64),
});
export type RouteHintHop = CodecType<typeof routeHintHop>;

/** The last hops of a way, in order. */
export const routeHint: Codec<RouteHintHop[]> = list(routeHintHop);
export type RouteHint = readonly RouteHintHop[];
