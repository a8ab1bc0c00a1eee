/** The cases of `bench:scale` by name, in the order in which they run. */
import { catchUp } from "./catch_up.ts";
import { guardians } from "./guardians.ts";
import { longSession } from "./long_session.ts";
import { notes } from "./notes.ts";
import { operations } from "./operations.ts";
import type { ScaleCase } from "./point.ts";
import { processes } from "./processes.ts";
import { session } from "./session.ts";
import { sockets } from "./sockets.ts";
import { start } from "./start.ts";

export const cases: Readonly<Record<string, ScaleCase>> = {
  guardians,
  processes,
  session,
  notes,
  operations,
  sockets,
  "catch-up": catchUp,
  "long-session": longSession,
  start,
};
