/** How work ends that is given up by a signal. */

/**
 * The promise's outcome, or as soon as the signal is aborted a failure: the work is then left alone, whatever comes of
 * it later. For work that only waits, or that can't be stopped.
 * @param why what it fails with; default: the signal's reason
 */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal, why = (): unknown => signal.reason): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(why());
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
