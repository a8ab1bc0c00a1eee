/** What an LND is reached by: its files, its address. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { NetworkError } from "../../../../actors/platform/error.ts";
import { SimulatedWorld } from "../../../../actors/platform/simulated/mod.ts";
import { fromHex, utf8 } from "../../../../core/bytes.ts";
import { errorText } from "../../../../core/result.ts";
import { NodeError } from "../node.ts";
import { MACAROON_BYTES_MAX } from "./limits.ts";
import type { LndOptions } from "./lnd.ts";
import { DEFAULT_PAYMENT_OPTIONS, openLnd } from "./lnd.ts";
import { FakeLnd, found } from "./testing/fake_lnd.ts";
import { MACAROON, world } from "./testing/lab.ts";
import * as recorded from "./testing/recorded.ts";

Deno.test("its files are read at the beginning; what is missing, too large or none is refused, an open one told", async () => {
  const sim = new SimulatedWorld(1);
  const { files, clock, dice } = sim.process("gateway").platform;
  const seen: string[] = [];
  const lnd = new FakeLnd().on(/getinfo/, found(recorded.INFO));
  const open = (paths: Partial<LndOptions> = {}) =>
    openLnd({
      url: "https://lnd:8080",
      certificatePath: "/tls.cert",
      macaroonPath: "/admin.macaroon",
      ...DEFAULT_PAYMENT_OPTIONS,
      ...paths,
    }, {
      clock,
      dice,
      files,
      onTrouble: () => undefined,
      openHttp: ({ url, certificate }) => {
        if (certificate !== "PEM") throw new TypeError("The file is no certificate (PEM).");
        seen.push(url);
        return lnd.http;
      },
    });
  const done = (async () => {
    await files.create("/tls.cert", utf8("PEM"));
    await files.create("/admin.macaroon", fromHex(MACAROON));
    await files.create("/secret.macaroon", fromHex(MACAROON), { secret: true });
    await files.create("/large", new Uint8Array(MACAROON_BYTES_MAX + 1));
    assertEquals((await open()).isMacaroonPublic, true);
    const node = await open({ macaroonPath: "/secret.macaroon" });
    assertEquals(node.isMacaroonPublic, false);
    assertEquals((await node.info()).alias, "03d9647ad41a472edfb5");
    assertEquals([[...lnd.macaroons], seen.length], [[MACAROON], 2]);
    const wrong = [{ certificatePath: "/none" }, { macaroonPath: "/none" }, { certificatePath: "/admin.macaroon" }];
    const terms = [0, 601, 1.5].map((paymentTimeoutSecs) => ({ paymentTimeoutSecs }));
    const preferences = [-1.1, 2, NaN].map((timePreference) => ({ timePreference }));
    for (const paths of [...wrong, ...terms, ...preferences]) {
      assertEquals((await assertRejects(() => open(paths), NodeError)).code, "refused");
    }
    await assertRejects(() => open({ macaroonPath: "/large" }));
  })();
  await sim.finish(done, { untilMs: 60_000 });
});

Deno.test("what can't be reached is told without what was asked", async () => {
  const { lnd, node } = world();
  lnd.isUp = false;
  const error = await assertRejects(() => node.info(), NodeError);
  assert(error.cause instanceof NetworkError);
  assert(!errorText(error).includes(MACAROON) && !errorText(error).includes("getinfo"));
});
