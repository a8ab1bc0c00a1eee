/**
 * A program that serves HTTP, TLS and TCP and has no file to open left until it is told so. What it says, a line each:
 * its ports; then, when it has looked at connections that it couldn't take, that it has files again.
 */
import { realTcp } from "../real/tcp.ts";
import { realPlatform } from "../real.ts";

const AT = { hostname: "127.0.0.1", port: 0 };
/** Within so many turns of its loop the runtime has looked at whatever had come. */
const TURNS = 20;

const { network } = realPlatform();
const tcp = await realTcp.listen(AT, (stream) => stream.close());
const http = await network.serveHttp(AT, () => new Response("in"));
const tls = await network.listenTls(
  { ...AT, identity: await network.makeTlsIdentity("server") },
  (stream) => stream.close(),
);
const held: Deno.FsFile[] = [];
try {
  for (;;) held.push(Deno.openSync("/dev/null"));
} catch (thrown) {
  if (!(thrown instanceof Error && thrown.message.startsWith("Too many open files"))) throw thrown;
}
console.log(JSON.stringify([tcp, http, tls].map(({ address }) => address.port)));
await Deno.stdin.read(new Uint8Array(1));
for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
for (const file of held) file.close();
console.log("files again");
await Deno.stdin.read(new Uint8Array(1));
Deno.exit(0);
