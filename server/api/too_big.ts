/** Thrown by an endpoint whose answer would be larger than answers may be, and so isn't put together. */
export class ResponseTooBig extends Error {
  override name = "ResponseTooBig";

  constructor() {
    super("The answer would be larger than answers may be");
  }
}
