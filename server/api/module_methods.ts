/** Module endpoints: `module_<instance>_<name>`. The module's actor answers. */
import { EndpointError } from "../../modules/contract/error.ts";
import type { ApiDeps } from "./deps.ts";
import type { Method, Methods } from "./dispatch.ts";
import { REQUEST_TIMEOUT_MS } from "./limits.ts";
import { isAdmin } from "./secrets.ts";

const NAME = /^module_(0|[1-9][0-9]{0,4})_([0-9a-z_]+)$/;

/** Methods of all modules; a module that isn't there, or doesn't know the name, has none. */
export function moduleMethods(
  { sender, modules, apiPassword }: Pick<ApiDeps, "sender" | "modules" | "apiPassword">,
): Methods {
  let calls = 0;
  return (name) => {
    const match = NAME.exec(name);
    if (!match) return undefined;
    const ref = modules.refs.get(Number(match[1]));
    if (!ref) return undefined;
    const endpoint = match[2]!;
    const method: Method = async ({ auth, params }, signal) => {
      const call = `api:${calls++}`;
      const authorized = isAdmin(auth, apiPassword);
      const args = { call, method: endpoint, params, authorized, deadlineMs: REQUEST_TIMEOUT_MS };
      const abandon = (): void => sender.tell(ref, "abandon", { call });
      signal.addEventListener("abort", abandon, { once: true });
      const answer = await sender.ask(ref, "call", args, { deadlineMs: 2 * REQUEST_TIMEOUT_MS })
        .finally(() => signal.removeEventListener("abort", abandon));
      if (answer.ok) return answer.value;
      throw new EndpointError({ code: "failed", rpcCode: answer.error.rpcCode }, answer.error.message);
    };
    return method;
  };
}
