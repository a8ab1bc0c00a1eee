/** One row of the table of core endpoints: codecs both ways, who may call it, what it does. */
import type { Codec, Json } from "../../core/encoding/mod.ts";
import { unit } from "../../core/encoding/mod.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import type { ApiRequest, Method } from "./dispatch.ts";
import { EncodedJson } from "./encoded.ts";
import { REQUEST_UNIT_CHARACTERS } from "./limits.ts";
import { isAdmin } from "./secrets.ts";

/**
 * Params are read first, so bad ones win over a wrong password, as in the reference.
 * @param password of the guardian, for admin methods. Secret.
 */
export function method<P, R>(options: {
  readonly admin?: { readonly password: string | null };
  readonly params: Pick<Codec<P>, "fromJson">;
  readonly result: { readonly toJson: (value: R) => Json | EncodedJson };
  readonly deposit?: number;
  readonly units?: Method["units"];
  readonly unitCharacters?: number;
  readonly handle: (params: P, signal: AbortSignal, source: string | null) => Promise<R> | R;
}): Method {
  const { admin, params, result, deposit = 1, units = 1, unitCharacters = REQUEST_UNIT_CHARACTERS, handle } = options;
  const call = async (request: ApiRequest, signal: AbortSignal): Promise<Json | EncodedJson> => {
    const decoded = EndpointError.reading(() => params.fromJson(request.params));
    if (admin && !isAdmin(request.auth, admin.password)) throw EndpointError.unauthorized();
    const value = await handle(decoded, signal, request.source ?? null);
    signal.throwIfAborted(); // for who has gone nothing is encoded
    return result.toJson(value);
  };
  return Object.assign(call, { deposit, units, unitCharacters });
}

/** A method without params whose answer never changes: it is made and encoded when somebody first asks. */
export function constantMethod<R>(result: Pick<Codec<R>, "toJson">, value: () => R): Method {
  let answer: EncodedJson | undefined;
  return method({ params: unit, result: asItIs, handle: () => answer ??= EncodedJson.of(result.toJson(value())) });
}

/** Of a method that answers what is encoded already. */
export const asItIs = { toJson: (answer: EncodedJson): EncodedJson => answer };
