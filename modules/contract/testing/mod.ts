/**
 * For tests of modules. `TestGuardians` are the guardians of one module without a federation: begin there. `TestClient`
 * is a wallet with one module at them. A whole federation with clients in a simulated world is in `tests/simulation`.
 */
export { onAll } from "./alike.ts";
export { ManualClock } from "../../../actors/testing/manual_clock.ts";
export { TestClient } from "./client.ts";
export type { AnyGuardians, TestClientOptions } from "./client.ts";
export { dealtRounds, dicePlatform, dump, seededDice, testEnv, testStore } from "./env.ts";
export { overMessages, travelled } from "./travel.ts";
export { GUARDIAN_PASSWORD, TestGuardians } from "./guardians.ts";
export type { Definition, Processed, Refused, TestGuardian, TestGuardiansOptions } from "./guardians.ts";
/** What their methods throw, as `modules/contract/mod.ts` exports it too. */
export { CommandError } from "../command_error.ts";
export { EndpointError } from "../error.ts";
