/** Errors that an API caller is told. */
import { DecodeError } from "../../core/encoding/mod.ts";
import { errorText, FedimintError } from "../../core/result.ts";

/** JSON-RPC error code: 400 bad request, 401 wrong password, 500 failure. The message is all that the caller is told; causes are for us. */
export class EndpointError
  extends FedimintError<{ readonly code: "bad_request" | "unauthorized" | "failed"; readonly rpcCode: number }> {
  /** The request is at fault. */
  static badRequest(message: string, options?: ErrorOptions): EndpointError {
    return new EndpointError({ code: "bad_request", rpcCode: 400 }, message, options);
  }

  /** What `read` makes of a request; that it can't be read is a bad request. */
  static reading<T>(read: () => T): T {
    try {
      return read();
    } catch (thrown) {
      if (thrown instanceof DecodeError) throw EndpointError.badRequest(errorText(thrown), { cause: thrown });
      throw thrown;
    }
  }

  /** Whoever asks may not. */
  static unauthorized(): EndpointError {
    return new EndpointError({ code: "unauthorized", rpcCode: 401 }, "Invalid authorization");
  }

  /** The guardian is at fault. */
  static failed(message: string, options?: ErrorOptions): EndpointError {
    return new EndpointError({ code: "failed", rpcCode: 500 }, message, options);
  }
}
