/** A wallet in 20 lines: `deno run -A docs/examples/wallet.ts FOLDER INVITE_CODE`. */
import { openClient } from "../../client/deno.ts";

const [dir, inviteCode] = Deno.args;
if (dir === undefined || inviteCode === undefined) throw new Error("give a folder and an invite code");

const wallet = await openClient({ dir }); // made when there is none; one process at a time
if (!wallet.isJoined) {
  await wallet.join(inviteCode);
  console.log("Write these words down, they are the money:", await wallet.words());
}
console.log("Pay 0.001 BTC or more to", await wallet.depositAddress());
for await (const msat of wallet.subscribeBalance()) {
  console.log(`Balance: ${msat} msat`);
  if (msat >= 50_000_000n) break;
}
const { ecash } = await wallet.spend(100_000n); // 100 sat: whoever has the text has the money
const { operationId } = await wallet.receive(ecash); // and here we have it back, less the fees
console.log("Received:", await wallet.awaitReceive(operationId));
await wallet.close();
