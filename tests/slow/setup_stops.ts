/** Stops of a guardian at finer moments than the quick tests have time for. */
import { stopAtAnyMoment, stopWhileStarting } from "../simulation/setup_stops.ts";

const STEP_MS = 0.1;

Deno.test("a stop at any moment of setup leaves no config or a whole one", () => stopAtAnyMoment(STEP_MS));

Deno.test("a stop at any moment of a configured guardian's start is no failure", () => stopWhileStarting(STEP_MS));
