import { assertEquals, assertMatch } from "@std/assert";
import { steer, STEERING_HELP } from "./steering.ts";

const ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/** Four guardians that only tell what is done with them. */
function federation() {
  const done: string[] = [];
  const guardians = [0, 1, 2, 3].map((peer) => ({ apiUrl: `ws://g${peer}/`, process: { isRunning: true } }));
  const turn = (name: string, isRunning: boolean) => (peer: number): Promise<void> => {
    done.push(`${name} ${peer}`);
    guardians[peer]!.process.isRunning = isRunning;
    return Promise.resolve();
  };
  const steered = {
    guardians,
    kill: turn("kill", false),
    halt: turn("halt", false),
    restart: turn("restart", true),
    mine: (blocks: number) => Promise.resolve(void done.push(`mine ${blocks}`)),
    pay: (address: string, sat: bigint) => {
      done.push(`pay ${address} ${sat}`);
      return Promise.resolve("ab".repeat(32));
    },
  };
  return { steered, done };
}

Deno.test("single guardians fall, stop and come back, each only if it makes sense", async () => {
  const { steered, done } = federation();
  const lines = ["kill 2", "kill 2", " START  2 ", "start 2", "stop 3", "restart 3", "restart 1"];
  const told: string[] = [];
  for (const line of lines) told.push(await steer(steered, line));
  assertEquals(told, [
    "guardian 2 is down",
    "guardian 2 is down already",
    "guardian 2 runs again",
    "guardian 2 runs already",
    "guardian 3 is down",
    "guardian 3 runs again",
    "guardian 1 runs again",
  ]);
  assertEquals(done, ["kill 2", "restart 2", "halt 3", "restart 3", "halt 1", "restart 1"]);
  steered.guardians[0]!.process.isRunning = false;
  assertMatch(await steer(steered, "status"), /^guardian 0 is down {2}ws:\/\/g0\/\nguardian 1 runs/);
});

Deno.test("the faucet pays amounts that are amounts to addresses that are addresses, and mines", async () => {
  const { steered, done } = federation();
  assertEquals(
    await steer(steered, `pay bitcoin:${ADDRESS} "0.1 btc"`),
    `paid 10000000 sat in ${"ab".repeat(32)}, 10 blocks deep`,
  );
  assertEquals(await steer(steered, "mine"), "1 blocks mined");
  assertEquals(await steer(steered, "mine 7"), "7 blocks mined");
  assertEquals(done, [`pay ${ADDRESS} 10000000`, "mine 10", "mine 1", "mine 7"]);
});

Deno.test("what makes no sense does nothing and is told", async () => {
  const { steered, done } = federation();
  for (const line of ["kill", "kill 4", "kill all", "kill -1", "start x", "mine 0", "mine 5000", "mine x"]) {
    assertMatch(await steer(steered, line), /^error: /);
  }
  for (const line of [`pay ${ADDRESS}`, `pay ${ADDRESS} 100 Sats`, `pay ${ADDRESS} 500`, "pay x 1 sat"]) {
    assertMatch(await steer(steered, line), /^error: /);
  }
  assertEquals(await steer(steered, "  "), "");
  assertEquals(await steer(steered, "help"), STEERING_HELP);
  assertMatch(await steer(steered, "destroy 1"), /^error: not known/);
  assertEquals(done, []);
});
