/** One row of the table of core endpoints: codecs both ways, who may call it, what it does. */
import type { Codec } from "../../core/encoding/mod.ts";
import { DecodeError } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import type { Method } from "./dispatch.ts";
import { isAdmin } from "./secrets.ts";

/**
 * Params are read first, so bad ones win over a wrong password, as in the reference.
 * @param password of the guardian, for admin methods. Secret.
 */
export function method<P, R>(options: {
  readonly admin?: { readonly password: string | null };
  readonly params: Pick<Codec<P>, "fromJson">;
  readonly result: Pick<Codec<R>, "toJson">;
  readonly handle: (params: P, signal: AbortSignal) => Promise<R> | R;
}): Method {
  const { admin, params, result, handle } = options;
  return async (request, signal) => {
    let decoded: P;
    try {
      decoded = params.fromJson(request.params);
    } catch (thrown) {
      if (thrown instanceof DecodeError) throw EndpointError.badRequest(errorText(thrown));
      throw thrown;
    }
    if (admin && !isAdmin(request.auth, admin.password)) throw EndpointError.unauthorized();
    return result.toJson(await handle(decoded, signal));
  };
}
