/** The search for tweaks on a thread of its own. */
import { serveTask } from "../../../actors/platform/thread_side.ts";
import { tweakTask } from "./tweak_task.ts";

serveTask(tweakTask.run);
