/** Serves the tests' task on a thread of its own. */
import { serveTask } from "../thread_side.ts";
import { doubling } from "./doubling.ts";

serveTask(doubling.run);
