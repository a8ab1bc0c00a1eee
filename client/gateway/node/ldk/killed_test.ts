import { testsNeeding } from "../../../../core/testing/permissions.ts";
import { payWhileKilled } from "./testing/killing.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");

onMachine("nodes that are killed at any moment pay each payment once, and their channel stands", async () => {
  const { paid, failed } = await payWhileKilled(6);
  console.log(`6 kills: ${paid} paid, ${failed} failed`);
});
