/**
 * The API while setup runs. docs/protocol/02-api.md §7. Failures are 400, those of `start_dkg` 500, as in the
 * reference.
 */
import type { Sender } from "../../actors/actor.ts";
import { bool, list, option, struct, text, u32, unit } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import type { Methods } from "../api/dispatch.ts";
import { method } from "../api/method.ts";
import type { SetupRef } from "./setup_actor.ts";
import { localParams } from "./setup_file.ts";

/** Not of the reference: for this program's own command line. */
const peersForm = struct("SetupPeers", {
  expected: option(u32),
  guardians: list(struct("SetupGuardian", { name: text, own: bool, apiUrl: text, p2pUrl: text })),
});

/** Not of the reference either, whose web page shows them. */
const modulesForm = struct("SetupModules", { available: list(text), enabled: list(text) });

function told<T>(result: Result<T, string>, fail: (message: string) => EndpointError): T {
  if (result.ok) return result.value;
  throw fail(result.error);
}

/** @param password for admin calls: all but `setup_status`. Secret. */
export function setupMethods(sender: Sender, setup: SetupRef, password: string | null): Methods {
  const admin = { password };
  const methods = new Map(Object.entries({
    setup_status: method({ params: unit, result: text, handle: () => sender.ask(setup, "status", null) }),
    set_local_params: method({
      admin,
      params: localParams,
      result: text,
      handle: async (params) => told(await sender.ask(setup, "setLocalParams", params), EndpointError.badRequest),
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
      handle: async () => told(await sender.ask(setup, "resetPeerSetupCodes", null), EndpointError.failed),
    }),
    start_dkg: method({
      admin,
      params: unit,
      result: unit,
      handle: async () => told(await sender.ask(setup, "startDkg", null), EndpointError.failed),
    }),
    setup_peers: method({
      admin,
      params: unit,
      result: peersForm,
      handle: () => sender.ask(setup, "guardians", null),
    }),
    setup_modules: method({
      admin,
      params: unit,
      result: modulesForm,
      handle: () => sender.ask(setup, "modules", null),
    }),
  }));
  return (name) => methods.get(name);
}
