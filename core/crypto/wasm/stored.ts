/**
 * A module that was put together before, as text. Code that runs once isn't compiled, so that putting a large module
 * together at each start takes tens of milliseconds; reading it takes one.
 */
import type { Assembly } from "./assembly.ts";

/** What an instance with its memory is made of: put together now, or before. */
export type Assembled = Pick<Assembly, "code" | "bytes" | "fill">;

/** Texts are base64. */
export type StoredModule = {
  readonly code: string;
  /** Bytes of memory that frames and constants take. */
  readonly bytes: number;
  /** Where in memory which words of 64 bits belong, the lowest byte first. */
  readonly constants: readonly (readonly [address: number, words: string])[];
};

export function stored(assembly: Assembly): StoredModule {
  const constants = assembly.constants.map(({ address, words }) =>
    [address, new Uint8Array(BigInt64Array.from(words).buffer).toBase64()] as const
  );
  return { code: assembly.code().toBase64(), bytes: assembly.bytes, constants };
}

export function assembledOf({ code, bytes, constants }: StoredModule): Assembled {
  return {
    code: () => Uint8Array.fromBase64(code),
    bytes,
    fill: (memory) => {
      const to = new Uint8Array(memory.buffer);
      for (const [address, words] of constants) to.set(Uint8Array.fromBase64(words), address);
    },
  };
}
