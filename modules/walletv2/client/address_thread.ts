/** The search for addresses on a thread of its own. */
import { serveTask } from "../../../actors/platform/thread_side.ts";
import { addressTask } from "./address_task.ts";

serveTask(addressTask.run);
