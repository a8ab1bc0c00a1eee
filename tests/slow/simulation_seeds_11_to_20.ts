import { testSeeds } from "../simulation/money_seeds.ts";

testSeeds(11, 20);
