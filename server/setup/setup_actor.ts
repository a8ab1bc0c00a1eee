/** Setup as an actor: holds the state of `setup.ts`, makes the certificate, and tells when the ceremony may begin. */
import { defineActor, next, reply } from "../../actors/actor.ts";
import type { ActorRef, Cast, ReplyTo, Request } from "../../actors/protocol.ts";
import type { TlsIdentity } from "../../actors/platform/platform.ts";
import { DecodeError } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, errorText, ok } from "../../core/result.ts";
import { formatSetupCode } from "../../core/types/setup_code.ts";
import { certificateName } from "../peers/tree.ts";
import type { CeremonyParams, LocalParams, SetupSettings, SetupState } from "./setup.ts";
import { addPeerSetupCode, ceremonyParams, checkLocalParams, initialSetup, setLocalParams } from "./setup.ts";

export type SetupStatus = "AwaitingLocalParams" | "SharingConnectionCodes";

export type SetupMessage =
  | Request<"status", null, SetupStatus>
  | Request<"setLocalParams", LocalParams, Result<string, string>>
  | Request<"setupCode", null, string | null>
  | Request<"addPeerSetupCode", { code: string }, Result<string, string>>
  | Request<"resetPeerSetupCodes", null, null>
  | Request<"startDkg", null, Result<null, string>>
  /** Answered once `startDkg` was accepted. */
  | Request<"params", null, CeremonyParams>
  | Cast<
    "certified",
    { params: LocalParams; from: ReplyTo<Result<string, string>>; identity: Result<TlsIdentity, unknown> }
  >;

export type SetupRef = ActorRef<SetupMessage>;

type State = {
  readonly settings: SetupSettings;
  readonly setup: SetupState;
  readonly params: CeremonyParams | null;
  readonly waiting: readonly ReplyTo<CeremonyParams>[];
};

export const setup = defineActor<SetupMessage, SetupSettings, State>({
  name: "setup",
  init: (_ctx, settings) => ({ settings, setup: initialSetup, params: null, waiting: [] }),
  handle: {
    status: (state) => reply(state, state.setup.own ? "SharingConnectionCodes" : "AwaitingLocalParams"),
    setLocalParams: (state, params, ctx, from) => {
      const checked = checkLocalParams(state.setup, params, state.settings);
      if (!checked.ok) return reply(state, checked);
      if (checked.value !== null) return reply(state, ok(checked.value));
      ctx.run(
        () => ctx.platform.network.makeTlsIdentity(certificateName(params.name)),
        (identity) => ({ type: "certified", args: { params, from, identity } }),
      );
      return next(state);
    },
    certified: (state, { params, from, identity }, ctx) => {
      if (!identity.ok) throw identity.error;
      // another call may have come first while the certificate was made
      const checked = checkLocalParams(state.setup, params, state.settings);
      if (!checked.ok || checked.value !== null) {
        ctx.reply(from, checked as Result<string, string>);
        return next(state);
      }
      const after = setLocalParams(state.setup, params, state.settings, identity.value);
      ctx.reply(from, ok(formatSetupCode(after.own!.code)));
      return next({ ...state, setup: after });
    },
    setupCode: (state) => reply(state, state.setup.own && formatSetupCode(state.setup.own.code)),
    addPeerSetupCode: (state, { code }) => {
      try {
        const added = addPeerSetupCode(state.setup, code);
        return added.ok ? reply({ ...state, setup: added.value.state }, ok(added.value.name)) : reply(state, added);
      } catch (thrown) {
        if (!(thrown instanceof DecodeError)) throw thrown;
        return reply(state, err(errorText(thrown)));
      }
    },
    resetPeerSetupCodes: (state) => reply({ ...state, setup: { ...state.setup, codes: [] } }, null),
    startDkg: (state, _args, ctx) => {
      // the ceremony has its parameters: what was changed since would not reach it
      if (state.params) return reply(state, ok(null));
      const params = ceremonyParams(state.setup, state.settings);
      if (!params.ok) return reply(state, params);
      for (const asker of state.waiting) ctx.reply(asker, params.value);
      return reply({ ...state, params: params.value, waiting: [] }, ok(null));
    },
    params: (state, _args, _ctx, from) => {
      if (state.params) return reply(state, state.params);
      return next({ ...state, waiting: [...state.waiting, from] });
    },
  },
  inspect: (state) => ({ named: state.setup.own !== null, codes: state.setup.codes.length }),
});
