import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromUtf8, utf8 } from "../../../core/bytes.ts";
import { testsNeeding } from "../../../core/testing/permissions.ts";
import { NetworkError } from "../error.ts";
import type { TcpStream } from "../tcp.ts";
import { realTcp } from "./tcp.ts";

const onMachine = testsNeeding("net");
const HERE = { hostname: "127.0.0.1", port: 0 };

onMachine("bytes go both ways, and the end is told to reader and writer", async () => {
  const accepted = Promise.withResolvers<TcpStream>();
  const listener = await realTcp.listen(HERE, accepted.resolve);
  const dialed = await realTcp.dial(listener.address, 5_000);
  const stream = await accepted.promise;
  assertEquals(await dialed.write(utf8("there")), true);
  assertEquals(fromUtf8((await stream.read())!), "there");
  await stream.write(utf8("back"));
  assertEquals(fromUtf8((await dialed.read())!), "back");
  stream.close();
  stream.close();
  assertEquals(await dialed.read(), null);
  assertEquals(await stream.read(), null);
  assertEquals(await stream.write(utf8("x")), false);
  dialed.close();
  await listener.close();
});

onMachine("a port in use and one where nobody listens are told apart", async () => {
  const listener = await realTcp.listen(HERE, (stream) => stream.close());
  const inUse = await assertRejects(() => realTcp.listen(listener.address, () => {}), NetworkError);
  assertEquals(inUse.facts.code, "address_in_use");
  await listener.close();
  const nobody = await assertRejects(() => realTcp.dial(listener.address, 5_000), NetworkError);
  assert(nobody.facts.code === "unreachable");
});
