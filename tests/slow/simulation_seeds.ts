import { testSeeds } from "../simulation/money_seeds.ts";

/** `SIMULATION_SEEDS=20` takes three minutes of one core. */
testSeeds(Number(Deno.env.get("SIMULATION_SEEDS") ?? 8));
