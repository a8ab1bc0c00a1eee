/** For tests: how often something is called, where that is what counts. */

/** The calls of a method, until it is disposed of. */
export type Calls<Args extends unknown[]> = { readonly args: Args[] } & Disposable;

/** Notes the arguments of each call of `object[name]`, which goes on to do what it does. */
export function callsOf<Args extends unknown[], R>(
  object: object,
  name: string,
  method: (...args: Args) => R,
): Calls<Args> {
  const own = Object.getOwnPropertyDescriptor(object, name);
  const args: Args[] = [];
  const noting = (...given: Args): R => {
    args.push(given);
    return method.apply(object, given);
  };
  Object.defineProperty(object, name, { value: noting, configurable: true, writable: true });
  return {
    args,
    [Symbol.dispose]: () => {
      if (own) Object.defineProperty(object, name, own);
      else Reflect.deleteProperty(object, name);
    },
  };
}
