/** Why a guardian stops that finds another process at work with its keys. */
import { FedimintError } from "../../../core/result.ts";

/** Another process runs with the same keys. */
export class CopyError extends FedimintError<{ readonly code: "copy_runs" }> {
  constructor() {
    super(
      { code: "copy_runs" },
      "Another copy of this guardian runs with our keys: it made units while this one made none. It goes on; this one has stopped, as two " +
        "that sign for one guardian are taken for an evil one. What to do: find the other copy (a second machine, a container, a restored " +
        "backup) and let only one run. If this one is to go on, stop the other first. If you know that there is none, start this one again.",
    );
  }
}
