/**
 * The search for deposit addresses: CPU of an index, in either form of the field's arithmetic, against the plain way of
 * one after the other, and the whole search of the vectors, from index 0 to the reference's first address, with all
 * that it makes at its start. One in 65,536 passes, and a user waits for it.
 */
import process from "node:process";
import { fromHex } from "../../core/bytes.ts";
import { DerivableSecret } from "../../core/crypto/mod.ts";
import type { AddressSearch } from "../../modules/walletv2/client/address_search.ts";
import { addressAt, addressSearch, searchAddress } from "../../modules/walletv2/client/address_search.ts";
import { hasWideArithmetic } from "../../core/crypto/wasm/probe.ts";
import { NARROW, WIDE } from "../../core/crypto/secp/wide/form.ts";
import { isPotentialReceive } from "../../modules/walletv2/scripts.ts";

type Line = { name: string; value: string; ratio?: number };
type Vector = {
  readonly public_keys: readonly string[];
  readonly module_secret: string;
  readonly first_valid_index: number;
};

const PLAIN_INDICES = 500;

/** Microseconds of CPU, V8's compiler among them. */
function cpuUs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function plainly(search: AddressSearch): void {
  for (let index = 0; index < PLAIN_INDICES; index++) {
    if (isPotentialReceive(addressAt(search, index).script, search.hashOfKeys)) {
      throw new Error("An index passes that doesn't in the vectors");
    }
  }
}

/** Ratios are against the plain way. */
export async function benchAddresses(): Promise<Line[]> {
  const file = await Deno.readTextFile(new URL("../vectors/walletv2.json", import.meta.url));
  const { address_searches: vectors } = JSON.parse(file) as { readonly address_searches: readonly Vector[] };
  const forms = [{ name: "wide", form: WIDE }, { name: "narrow", form: NARROW }].slice(hasWideArithmetic() ? 0 : 1);
  return vectors.flatMap(({ public_keys: keys, module_secret: secret, first_valid_index: index }) => {
    const search = addressSearch(new Map(keys.map(fromHex).entries()), DerivableSecret.fromBytes(fromHex(secret)));
    const plainUs = cpuUs(() => plainly(search)) / PLAIN_INDICES;
    return forms.map(({ name, form }) => {
      const us = cpuUs(() => {
        if (searchAddress(search, 0, index + 1, form) !== index) throw new Error("The search finds another address");
      });
      return {
        name: `deposit addresses: ${keys.length} guardians, ${name}, ${index} in ${(us / 1e6).toFixed(2)} s of CPU`,
        value: `${(us / index).toFixed(1)} µs each`,
        ratio: plainUs / (us / index),
      };
    });
  });
}
