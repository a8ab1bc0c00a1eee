/** The API while setup runs. Sheet "API" 7. Failures are 400, those of `start_dkg` 500, as in the reference. */
import type { Sender } from "../../actors/actor.ts";
import { bool, list, option, struct, text, u32, unit } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import type { Methods } from "../api/dispatch.ts";
import { method } from "../api/method.ts";
import type { SetupRef } from "./setup_actor.ts";

const localParams = struct("SetLocalParamsRequest", {
  name: text,
  federationName: option(text),
  disableBaseFees: option(bool),
  enabledModules: option(list(text)),
  federationSize: option(u32),
});

function told<T>(result: Result<T, string>, fail: (message: string) => EndpointError): T {
  if (result.ok) return result.value;
  throw fail(result.error);
}

/**
 * @param password for admin calls: all but `setup_status`. Secret.
 * @param nodeMistake why the Bitcoin node is none for the network that is set up, or null
 */
export function setupMethods(
  sender: Sender,
  setup: SetupRef,
  password: string | null,
  nodeMistake: () => Promise<string | null>,
): Methods {
  const admin = { password };
  /** A federation of which the log knows already that it won't see the chain is not made. */
  const unlessWrongNode = async (fail: (message: string) => EndpointError): Promise<void> => {
    const mistake = await nodeMistake();
    if (mistake !== null) throw fail(mistake);
  };
  const methods = new Map(Object.entries({
    setup_status: method({ params: unit, result: text, handle: () => sender.ask(setup, "status", null) }),
    set_local_params: method({
      admin,
      params: localParams,
      result: text,
      handle: async (params) => {
        await unlessWrongNode(EndpointError.badRequest);
        return told(await sender.ask(setup, "setLocalParams", params), EndpointError.badRequest);
      },
    }),
    get_setup_code: method({
      admin,
      params: unit,
      result: option(text),
      handle: () => sender.ask(setup, "setupCode", null),
    }),
    add_peer_setup_code: method({
      admin,
      params: text,
      result: text,
      handle: async (code) => told(await sender.ask(setup, "addPeerSetupCode", { code }), EndpointError.badRequest),
    }),
    reset_peer_setup_codes: method({
      admin,
      params: unit,
      result: unit,
      handle: () => sender.ask(setup, "resetPeerSetupCodes", null),
    }),
    start_dkg: method({
      admin,
      params: unit,
      result: unit,
      handle: async () => {
        await unlessWrongNode(EndpointError.failed);
        return told(await sender.ask(setup, "startDkg", null), EndpointError.failed);
      },
    }),
  }));
  return (name) => methods.get(name);
}
