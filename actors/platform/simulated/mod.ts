/** A world on virtual time from one seed; see `world.ts`. */
export { type RunOptions, SimulatedWorld, SimulationError, type WorldOptions } from "./world.ts";
export { SimulatedProcess } from "./process.ts";
export type { Seed, SimulatedDice } from "./dice.ts";
export type { SimulatedDisk, StoredFile } from "./disk.ts";
export type { EventLog } from "./event_log.ts";
export type { LinkBehaviour } from "./link.ts";
