/**
 * Keeps the file `invite-code` as the API's `invite_code` answers: it follows our address and the federation's API
 * secret.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import { FilesError } from "../../actors/platform/error.ts";
import type { Files } from "../../actors/platform/platform.ts";
import type { Cast } from "../../actors/protocol.ts";
import type { StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes, utf8 } from "../../core/bytes.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import type { FederationId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { formatInviteCode, newInviteCode } from "../../core/types/invite_code.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import type { GuardianConfig } from "../config/guardian_config.ts";
import { announcements, guardianMetadata } from "./db.ts";
import { apiUrls } from "../gossip/statements.ts";

/** More than any invite code has. */
const INVITE_FILE_BYTES_MAX = 100_000;

export type InviteSource = {
  readonly store: StoreView;
  readonly config: Pick<GuardianConfig, "consensus" | "local">;
  readonly federationId: FederationId;
  /** In every invite of a private federation. Secret. */
  readonly apiSecret: string | null;
};

/** Of this guardian, where it is now. */
export async function ownInvite({ store, config, federationId, apiSecret }: InviteSource): Promise<InviteCode> {
  const { identity } = config.local;
  const urls = await readDurable(store, (tx) => apiUrls(tx, config.consensus));
  return newInviteCode({ url: urls.get(identity)!, peer: identity, federationId, apiSecret });
}

export type InviteFileMessage =
  /** Our announcement or metadata. */
  | Cast<"changed", { key: Bytes; outcome: Result<void, unknown> }>
  | Cast<"written", { outcome: Result<boolean, unknown> }>;

export type InviteFileArgs = InviteSource & { readonly path: string };

type State = {
  readonly args: InviteFileArgs;
  readonly writing: boolean;
  /** Something has changed since the writing began. */
  readonly again: boolean;
};
type Context = ActorContext<InviteFileMessage>;

/** @returns whether the file was another */
async function write(files: Files, args: InviteFileArgs): Promise<boolean> {
  const invite = formatInviteCode(await ownInvite(args));
  const bytes = utf8(invite);
  const before = await files.read(args.path, INVITE_FILE_BYTES_MAX).catch((thrown) => {
    if (thrown instanceof FilesError && thrown.code === "too_large") return undefined;
    throw thrown;
  });
  if (before && equalBytes(before, bytes)) return false;
  await files.replace(args.path, bytes, { secret: true });
  return true;
}

function watch(key: Bytes, { store }: InviteFileArgs, ctx: Context): void {
  ctx.run((signal) => store.changed(key, signal), (outcome) => ({ type: "changed", args: { key, outcome } }));
}

function startWriting(args: InviteFileArgs, ctx: Context): State {
  ctx.run(() => write(ctx.platform.files, args), (outcome) => ({ type: "written", args: { outcome } }));
  return { args, writing: true, again: false };
}

export const inviteFile = defineActor<InviteFileMessage, InviteFileArgs, State>({
  name: "invite_file",
  init: (ctx, args) => {
    const { identity } = args.config.local;
    // before it writes, so that no change falls between
    for (const records of [announcements, guardianMetadata]) watch(records.key(identity), args, ctx);
    return startWriting(args, ctx);
  },
  handle: {
    changed: (state, { key, outcome }, ctx) => {
      if (!outcome.ok) throw outcome.error;
      watch(key, state.args, ctx);
      return next(state.writing ? { ...state, again: true } : startWriting(state.args, ctx));
    },
    written: (state, { outcome }, ctx) => {
      const { path } = state.args;
      if (!outcome.ok && !(outcome.error instanceof FilesError)) throw outcome.error;
      if (!outcome.ok) {
        // the API gives the same code: no reason to stop
        const reason = errorText(outcome.error);
        ctx.log.warn("The file with the invite code can't be written; ask the API for it", { path, reason });
      } else if (outcome.value) {
        ctx.log.info("The invite code was written anew", { path });
      }
      return next(state.again ? startWriting(state.args, ctx) : { ...state, writing: false });
    },
  },
  inspect: ({ writing }) => ({ writing }),
});
