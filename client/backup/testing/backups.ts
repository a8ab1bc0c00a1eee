/** For tests: keys of some words, and backups of any content. */
import fc from "fast-check";
import type { Bytes } from "../../../core/bytes.ts";
import { clientRoot, defaultClientSecret, entropyOfWords, globalRoot } from "../../../core/crypto/bip39.ts";
import type { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import type { ClientBackup } from "../../../core/types/backup.ts";
import type { FederationId } from "../../../core/types/ids.ts";
import type { Derivation } from "../../../modules/contract/recovery.ts";
import { BackupKeys } from "../keys.ts";

export const WORDS = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
/** Of the worked example in docs/protocol/07-client.md §A. */
export const EXAMPLE_FEDERATION = "da0185718fb3b4abd0bf59a6ff66cc1210e8dff8119c8b8e8b2e8f7b41a30bd4" as FederationId;

/** Root secrets of words' wallets in a federation. */
export function rootsOf(words: string, id: FederationId): Record<Derivation, DerivableSecret> {
  const standard = defaultClientSecret(globalRoot(entropyOfWords(words)), id);
  return { standard: clientRoot(standard, id), sdk: clientRoot(defaultClientSecret(standard, id), id) };
}

/** Both wallets' keys. */
export function keysOf(words: string, id: FederationId): ReadonlyMap<Derivation, BackupKeys> {
  const { standard, sdk } = rootsOf(words, id);
  return new Map([["standard", new BackupKeys(standard)], ["sdk", new BackupKeys(sdk)]]);
}

export function backupOf(
  sessionCount: number,
  text = "",
  parts: Readonly<Record<number, Uint8Array>> = {},
): ClientBackup {
  return {
    sessionCount,
    metadata: new TextEncoder().encode(text) as Bytes,
    modules: new Map(
      Object.entries(parts).map(([id, body]) => [Number(id), { instance: Number(id), body: body as Bytes }]),
    ),
  };
}

const bytes = (maxLength: number): fc.Arbitrary<Bytes> => fc.uint8Array({ maxLength }) as fc.Arbitrary<Bytes>;

/** Of any content, with parts in ascending order of modules. */
export const anyBackup: fc.Arbitrary<ClientBackup> = fc.record<ClientBackup>({
  sessionCount: fc.maxSafeNat(),
  metadata: bytes(300),
  modules: fc.dictionary(fc.nat(0xffff).map(String), bytes(5_000), { maxKeys: 4 }).map((parts) =>
    new Map(
      Object.entries(parts).map(([id, body]) => [Number(id), { instance: Number(id), body }] as const).sort((
        [a],
        [b],
      ) => a - b),
    )
  ),
}, { noNullPrototype: true });
