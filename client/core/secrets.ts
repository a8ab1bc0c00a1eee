/** What a client's keys come from, in one federation. docs/protocol/07-client.md §A. */
import type { Bytes } from "../../core/bytes.ts";
import { clientRoot, defaultClientSecret, globalRoot, moduleSecret } from "../../core/crypto/bip39.ts";
import type { DerivableSecret } from "../../core/crypto/derive_secret.ts";
import type { FederationId, ModuleInstanceId } from "../../core/types/ids.ts";
import type { Derivation, OtherSecret } from "../../modules/contract/recovery.ts";

/** Secret, all of it. */
export type ClientSecrets = {
  readonly federationId: FederationId;
  readonly preRoot: DerivableSecret;
  /** What other programs would have made of the same words. */
  readonly others: readonly { readonly derivation: Derivation; readonly preRoot: DerivableSecret }[];
};

/** From the words' entropy. Cost: some milliseconds. */
export function secretsOfEntropy(entropy: Bytes, federationId: FederationId): ClientSecrets {
  const preRoot = defaultClientSecret(globalRoot(entropy), federationId);
  return {
    federationId,
    preRoot,
    others: [{ derivation: "sdk", preRoot: defaultClientSecret(preRoot, federationId) }],
  };
}

/** From a pre-root: there are no words that other programs would know. */
export function secretsOfPreRoot(preRoot: DerivableSecret, federationId: FederationId): ClientSecrets {
  return { federationId, preRoot, others: [] };
}

/** Secret. */
export function secretOfModule({ preRoot, federationId }: ClientSecrets, instance: ModuleInstanceId): DerivableSecret {
  return moduleSecret(clientRoot(preRoot, federationId), instance);
}

/** Secret. */
export function otherSecretsOfModule(
  { others, federationId }: ClientSecrets,
  instance: ModuleInstanceId,
): OtherSecret[] {
  return others.map(({ derivation, preRoot }) => (
    { derivation, secret: moduleSecret(clientRoot(preRoot, federationId), instance) }
  ));
}
