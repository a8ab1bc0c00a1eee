/**
 * Setup as an actor: holds the state of `setup.ts`, makes the certificate, keeps all of it on disk, and tells when the
 * ceremony may begin. What was changed is answered once it is durable: the others are told the code at once, and a
 * restart must not make another.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, reply } from "../../actors/actor.ts";
import { FilesError } from "../../actors/platform/error.ts";
import type { ActorRef, Cast, ReplyTo, Request } from "../../actors/protocol.ts";
import type { TlsIdentity } from "../../actors/platform/platform.ts";
import { DecodeError } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, errorText, ok } from "../../core/result.ts";
import { formatSetupCode } from "../../core/types/setup_code.ts";
import type { BitcoinSource } from "../../modules/contract/bitcoin.ts";
import { certificateName } from "../peers/tree.ts";
import { SetupError } from "../config/error.ts";
import type { CeremonyParams, LocalParams, SetupSettings, SetupState } from "./setup.ts";
import {
  addPeerSetupCode,
  ceremonyParams,
  checkLocalParams,
  networkError,
  setLocalParams,
  setupGuardians,
  setupModules,
} from "./setup.ts";
import { readSetup, writeSetup } from "./setup_file.ts";

export type SetupStatus = "AwaitingLocalParams" | "SharingConnectionCodes";

export type SetupMessage =
  | Request<"status", null, SetupStatus>
  | Request<"setLocalParams", LocalParams, Result<string, string>>
  | Request<"setupCode", null, string | null>
  | Request<"addPeerSetupCode", { code: string }, Result<string, string>>
  | Request<"resetPeerSetupCodes", null, Result<null, string>>
  | Request<"guardians", null, ReturnType<typeof setupGuardians>>
  | Request<"modules", null, ReturnType<typeof setupModules>>
  | Request<"startDkg", null, Result<null, string>>
  /** Answered once `startDkg` was accepted. */
  | Request<"params", null, CeremonyParams>
  | Cast<
    "certified",
    { params: LocalParams; from: ReplyTo<Result<string, string>>; identity: Result<TlsIdentity, unknown> }
  >
  /** What was changed is on disk, or why not: `from` is answered. */
  | Cast<
    "saved",
    { from: ReplyTo<Result<string | null, string>>; answer: string | null; outcome: Result<void, unknown> }
  >
  /** Why the node's network doesn't fit, or null: the ceremony may begin. */
  | Cast<"networkChecked", { from: ReplyTo<Result<null, string>>; outcome: Result<string | null, unknown> }>;

export type SetupRef = ActorRef<SetupMessage>;

export type SetupArgs = {
  readonly settings: SetupSettings;
  /** Where `setup.json` is kept; it is there already. */
  readonly dataDir: string;
  readonly bitcoin: Pick<BitcoinSource, "status">;
};

type State = {
  readonly args: SetupArgs;
  readonly setup: SetupState;
  /** One write after the other, so that the newest is the last. */
  readonly writes: { last: Promise<void> };
  readonly params: CeremonyParams | null;
  readonly waiting: readonly ReplyTo<CeremonyParams>[];
};

type Context = ActorContext<SetupMessage>;

/**
 * Answers `from` when the state is durable. Also after a change that was none: the one before may have failed to be
 * written.
 */
function saved<T extends string | null>(
  state: State,
  ctx: Context,
  from: ReplyTo<Result<T, string>>,
  answer: T,
): State {
  const { args: { dataDir }, setup, writes } = state;
  const write = (): Promise<void> => writeSetup(ctx.platform.files, dataDir, setup);
  const written = writes.last.then(write, write);
  writes.last = written.catch(() => {});
  const args = { from: from as ReplyTo<Result<string | null, string>>, answer };
  ctx.run(() => written, (outcome) => ({ type: "saved", args: { ...args, outcome } }));
  return state;
}

/** Keys of a wrong network's federation would be of no use. */
async function checkedNetwork({ bitcoin, settings }: SetupArgs): Promise<string | null> {
  return networkError(settings.network, (await bitcoin.status())?.network ?? null);
}

export const setup = defineActor<SetupMessage, SetupArgs, State>({
  name: "setup",
  init: async (ctx, args) => ({
    args,
    setup: await readSetup(ctx.platform.files, args.dataDir, args.settings),
    writes: { last: Promise.resolve() },
    params: null,
    waiting: [],
  }),
  handle: {
    status: (state) => reply(state, state.setup.own ? "SharingConnectionCodes" : "AwaitingLocalParams"),
    setLocalParams: (state, params, ctx, from) => {
      const checked = checkLocalParams(state.setup, params, state.args.settings);
      if (!checked.ok) return reply(state, checked);
      if (checked.value !== null) return next(saved(state, ctx, from, checked.value));
      ctx.run(
        async () => {
          const wrong = await checkedNetwork(state.args);
          if (wrong !== null) throw new SetupError({ code: "refused", reason: "network" }, wrong);
          return await ctx.platform.network.makeTlsIdentity(certificateName(params.name));
        },
        (identity) => ({ type: "certified", args: { params, from, identity } }),
      );
      return next(state);
    },
    certified: (state, { params, from, identity }, ctx) => {
      if (!identity.ok) {
        if (!(identity.error instanceof SetupError)) throw identity.error;
        ctx.reply(from, err(identity.error.message));
        return next(state);
      }
      // another call may have come first while the certificate was made
      const checked = checkLocalParams(state.setup, params, state.args.settings);
      if (!checked.ok) {
        ctx.reply(from, checked);
        return next(state);
      }
      if (checked.value !== null) return next(saved(state, ctx, from, checked.value));
      const after = setLocalParams(state.setup, params, state.args.settings, identity.value);
      return next(saved({ ...state, setup: after }, ctx, from, formatSetupCode(after.own!.code)));
    },
    saved: (state, { from, answer, outcome }, ctx) => {
      if (!outcome.ok && !(outcome.error instanceof FilesError)) throw outcome.error;
      if (!outcome.ok) ctx.log.error("Setup can't be kept on disk", { reason: errorText(outcome.error) });
      const why = outcome.ok ? null : `This guardian can't keep its setup on disk: ${errorText(outcome.error)}`;
      ctx.reply(from, why === null ? ok(answer) : err(why));
      return next(state);
    },
    setupCode: (state) => reply(state, state.setup.own && formatSetupCode(state.setup.own.code)),
    guardians: (state) => reply(state, setupGuardians(state.setup)),
    modules: (state) => reply(state, setupModules(state.setup, state.args.settings)),
    addPeerSetupCode: (state, { code }, ctx, from) => {
      try {
        const added = addPeerSetupCode(state.setup, code);
        if (!added.ok) return reply(state, added);
        const { state: after, name, replaced } = added.value;
        if (replaced.length > 0) {
          ctx.log.warn("A setup code takes the place of older ones of the same guardian", {
            name,
            replaced: replaced.join(", "),
          });
        }
        return next(saved({ ...state, setup: after }, ctx, from, name));
      } catch (thrown) {
        if (!(thrown instanceof DecodeError)) throw thrown;
        return reply(state, err(errorText(thrown)));
      }
    },
    resetPeerSetupCodes: (state, _args, ctx, from) =>
      next(saved({ ...state, setup: { ...state.setup, codes: [] } }, ctx, from, null)),
    startDkg: (state, _args, ctx, from) => {
      // the ceremony has its parameters: what was changed since would not reach it
      if (state.params) return reply(state, ok(null));
      ctx.run(() => checkedNetwork(state.args), (outcome) => ({ type: "networkChecked", args: { from, outcome } }));
      return next(state);
    },
    networkChecked: (state, { from, outcome }, ctx) => {
      if (!outcome.ok) throw outcome.error;
      if (state.params) {
        ctx.reply(from, ok(null));
        return next(state);
      }
      const params = outcome.value === null ? ceremonyParams(state.setup, state.args.settings) : err(outcome.value);
      ctx.reply(from, params.ok ? ok(null) : params);
      if (!params.ok) return next(state);
      for (const asker of state.waiting) ctx.reply(asker, params.value);
      return next({ ...state, params: params.value, waiting: [] });
    },
    params: (state, _args, _ctx, from) => {
      if (state.params) return reply(state, state.params);
      return next({ ...state, waiting: [...state.waiting, from] });
    },
  },
  inspect: (state) => ({ named: state.setup.own !== null, codes: state.setup.codes.length }),
});
