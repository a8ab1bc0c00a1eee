/** Module endpoints: `module_<instance>_<name>`, called past the module's actor, which is there for consensus. */
import { Coalesced } from "../../../core/coalesced.ts";
import type { ModuleInstanceId } from "../../../core/types/ids.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { stringifyJson } from "../../../core/encoding/mod.ts";
import { EndpointError } from "../../../modules/contract/error.ts";
import type { Endpoint, EndpointContext } from "../../../modules/contract/server.ts";
import { METHOD_NOT_FOUND } from "../../../actors/rpc/mod.ts";
import type { LiveModule } from "../../consensus/engine/live_modules.ts";
import type { Modules } from "../../consensus/engine/transaction.ts";
import type { ApiDeps } from "../deps.ts";
import type { Method, Methods } from "../dispatch.ts";
import { EncodedJson } from "../encoded.ts";
import { LARGE_ANSWER_DEPOSIT } from "../limits.ts";
import { isAdmin } from "../secrets.ts";

const NAME = /^module_(0|[1-9][0-9]{0,4})_([0-9a-z_]+)$/;

/** @throws {EndpointError} while it starts */
export function runningModule({ live }: Pick<Modules, "live">, instance: ModuleInstanceId): LiveModule {
  const running = live.get(instance);
  if (!running) throw EndpointError.failed(`Module ${instance} is starting: ask again`);
  return running;
}

async function answerOf(endpoint: Endpoint, params: Json, context: EndpointContext): Promise<Json | EncodedJson> {
  return endpoint.text ? new EncodedJson(await endpoint.text(params, context)) : await endpoint.handle(params, context);
}

/**
 * Methods of all modules; a module that isn't there, or doesn't know the name, has none. A call waits for a module that
 * starts.
 */
export function moduleMethods({ modules, apiPassword }: Pick<ApiDeps, "modules" | "apiPassword">): Methods {
  const coalesced = new Coalesced<EncodedJson>();
  return (name) => {
    const match = NAME.exec(name);
    if (!match) return undefined;
    const instance = Number(match[1]);
    if (!modules.refs.has(instance)) return undefined;
    const endpoint = match[2]!;
    const running = modules.live.get(instance);
    if (running && !Object.hasOwn(running.module.apiEndpoints, endpoint)) return undefined;
    const call: Method = async ({ auth, params, source = null }, signal) => {
      const { module, signal: ended } = await modules.live.when(instance, signal);
      const found = Object.hasOwn(module.apiEndpoints, endpoint) ? module.apiEndpoints[endpoint] : undefined;
      if (!found) throw new EndpointError({ code: "bad_request", rpcCode: METHOD_NOT_FOUND }, "Method not found");
      if (found.admin && !isAdmin(auth, apiPassword)) {
        // as in the reference, bad params win over a wrong password
        found.checkParams?.(params);
        throw EndpointError.unauthorized();
      }
      try {
        if (!found.shared) {
          return await answerOf(found, params, { signal: AbortSignal.any([signal, ended]), source });
        }
        return await coalesced.ask(`${name} ${stringifyJson(params)}`, async () => {
          const answer = await answerOf(found, params, { signal: ended });
          return answer instanceof EncodedJson ? answer : EncodedJson.of(answer);
        });
      } catch (thrown) {
        if (!ended.aborted || signal.aborted) throw thrown;
        throw EndpointError.failed(`Module ${instance} is starting again: ask again`, { cause: thrown });
      }
    };
    const { shared = false, units, unitCharacters, requestCharactersMax }: Partial<Endpoint> =
      running?.module.apiEndpoints[endpoint] ?? {};
    return Object.assign(call, {
      deposit: shared ? LARGE_ANSWER_DEPOSIT : 1,
      ...(units && { units }),
      ...(unitCharacters !== undefined && { unitCharacters }),
      ...(requestCharactersMax !== undefined && { requestCharactersMax }),
    });
  };
}
