import { testSeeds } from "../simulation/money_seeds.ts";

testSeeds(1, 10);
