/**
 * Entries of the operation log for what a wallet did before it was lost, as the federation's log shows it. The official
 * clients write none, so the form is this program's own: `{"Recovered": {…}}`, beside a module's `{"Receive": {…}}`.
 */
import { concat, toHex, utf8 } from "../../core/bytes.ts";
import type { DerivableSecret } from "../../core/crypto/derive_secret.ts";
import type { Codec } from "../../core/encoding/mod.ts";
import { closedEnum, mapCodec, unit } from "../../core/encoding/mod.ts";
import { Writer } from "../../core/encoding/io.ts";
import type { ModuleInstanceId, OperationId } from "../../core/types/ids.ts";
import type { Derivation } from "./recovery.ts";

const ID_TAG = utf8("recovered operation");
const INSTANCE_BYTES = 2, POSITION_BYTES = 8, RANDOM_BYTES = 22;

/** Of the way to a secret, as recoveries store it. */
export const derivation: Codec<Derivation> = mapCodec(
  closedEnum("Derivation", { standard: unit, sdk: unit }),
  "Derivation",
  {
    decode: ({ tag }): Derivation => tag,
    encode: (tag) => ({ tag, value: null }),
  },
);

/**
 * The id of an entry: the same log gives the same ids on every restore, so a step may run twice. Ids of one instance
 * are in the log's order, which is all that is known of their time. Nobody without the words knows them.
 *
 * Instance (2 bytes big-endian) ‖ position (8) ‖ 22 bytes that the module's secret and the position give.
 * @param secret the module's @param position in the log that the module recovers from
 */
export function recoveredOperationId(
  secret: DerivableSecret,
  instance: ModuleInstanceId,
  position: number,
): OperationId {
  const place = new Writer(INSTANCE_BYTES + POSITION_BYTES);
  place.uint(instance, INSTANCE_BYTES, false);
  place.uint(position, POSITION_BYTES, false);
  const placeBytes = place.finish();
  return toHex(concat(placeBytes, secret.tweak(ID_TAG).tweak(placeBytes).randomBytes(RANDOM_BYTES)));
}
