/** Where all money is before and after Lightning payments, and whether that is as it must be. */

/** Of one channel; amounts that can move, msat. */
export type ChannelSides = {
  /** `txid:output` */
  readonly funding: string;
  readonly sizeSats: bigint;
  readonly gatewayMsat: bigint;
  readonly outsideMsat: bigint;
};

/** At one moment, msat. */
export type Holdings = {
  readonly aliceMsat: bigint;
  readonly bobMsat: bigint;
  readonly gatewayMsat: bigint;
  /** What guardians own less what they owe. */
  readonly surplusMsat: bigint;
  readonly channels: readonly ChannelSides[];
};

/** What payments came to between two moments, msat. */
export type Moved = {
  /** From people of the federation to the outside world. */
  readonly outMsat: bigint;
  readonly inMsat: bigint;
};

export function gatewayChannelsMsat({ channels }: Holdings): bigint {
  return channels.reduce((sum, { gatewayMsat }) => sum + gatewayMsat, 0n);
}

export function outsideChannelsMsat({ channels }: Holdings): bigint {
  return channels.reduce((sum, { outsideMsat }) => sum + outsideMsat, 0n);
}

export function sumMsat(holdings: Holdings): bigint {
  const { aliceMsat, bobMsat, gatewayMsat, surplusMsat } = holdings;
  return aliceMsat + bobMsat + gatewayMsat + surplusMsat + gatewayChannelsMsat(holdings) +
    outsideChannelsMsat(holdings);
}

/** What a channel can't move: what each side must keep in it, msat. */
export function heldBackMsat({ sizeSats, gatewayMsat, outsideMsat }: ChannelSides): bigint {
  return sizeSats * 1_000n - gatewayMsat - outsideMsat;
}

/**
 * To the msat: channels hold what they held, the outside world has gained what it was paid and no more, and nothing has
 * come from nowhere or gone.
 * @throws {Error} saying what is off
 */
export function checkMoved(before: Holdings, after: Holdings, { outMsat, inMsat }: Moved): void {
  for (const channel of after.channels) {
    const was = before.channels.find(({ funding }) => funding === channel.funding);
    if (was === undefined) throw new Error(`Channel ${channel.funding} was not there before`);
    const lostMsat = heldBackMsat(channel) - heldBackMsat(was);
    if (lostMsat !== 0n) throw new Error(`${lostMsat} msat are missing in channel ${channel.funding}`);
  }
  if (after.channels.length !== before.channels.length) throw new Error("A channel is gone");
  const gainedMsat = outsideChannelsMsat(after) - outsideChannelsMsat(before);
  if (gainedMsat !== outMsat - inMsat) {
    throw new Error(`The outside world gained ${gainedMsat} msat, but was paid ${outMsat - inMsat} msat`);
  }
  const leftMsat = sumMsat(after) - sumMsat(before);
  if (leftMsat !== 0n) throw new Error(`All together have ${leftMsat} msat more than before: it must be 0`);
}
