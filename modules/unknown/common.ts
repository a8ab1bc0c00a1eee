/**
 * Vocabulary of the unknown module: a module that does nothing and that no client knows, for tests of how clients meet
 * one. Follows fedimint-unknown-common 0.13.0.
 */
import type { CodecType } from "../../core/encoding/mod.ts";
import { closedEnum, unit } from "../../core/encoding/mod.ts";
import type { Version } from "../../core/types/version.ts";

export const UNKNOWN_KIND = "unknown";
export const UNKNOWN_CONSENSUS_VERSION: Version = { major: 0, minor: 0 };
export const UNKNOWN_API_VERSION: Version = { major: 0, minor: 0 };

/** No bytes. */
export const unknownInput = unit;
export const unknownOutput = unit;
export const unknownConsensusItem = unit;

/** There are none: nothing decodes as one. */
export const unknownOutputOutcome = closedEnum("UnknownOutputOutcome", {});
export type UnknownOutputOutcome = CodecType<typeof unknownOutputOutcome>;

/**
 * The reference has no error here: an input or output brings its guardians down. Ours refuse it, in the words of the
 * meta module, which has nothing to spend either.
 */
export const unknownInputError = closedEnum("UnknownInputError", { NotSupported: unit });
export type UnknownInputError = CodecType<typeof unknownInputError>;
export const unknownOutputError = closedEnum("UnknownOutputError", { NotSupported: unit });
export type UnknownOutputError = CodecType<typeof unknownOutputError>;
