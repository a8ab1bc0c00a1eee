/** Verifies notes on a thread of its own. */
import { serveTask } from "../../../actors/platform/thread_side.ts";
import { noteTask } from "./note_task.ts";

serveTask(noteTask.run);
