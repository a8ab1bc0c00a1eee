/**
 * For tests of modules. `TestGuardians` are the guardians of one module without a federation: begin there. A whole federation with clients in a
 * simulated world is in `tests/simulation`.
 */
export { ManualClock } from "../../../actors/store/testing/mod.ts";
export { dealtRounds, dicePlatform, dump, seededDice, testEnv, testStore } from "./env.ts";
export { GUARDIAN_PASSWORD, TestGuardians } from "./guardians.ts";
export type { TestGuardian, TestGuardiansOptions } from "./guardians.ts";
