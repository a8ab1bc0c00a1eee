/**
 * gateway-cli at our gateways and at the official one, all in one federation and each with a channel: what it prints
 * must have the same members of the same types.
 */
import { shapeOf } from "../../client/testing/world.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import type { Gateway } from "./gateway.ts";
import type { Administered } from "./gateway_commands.ts";
import { COMMANDS, membersOf } from "./gateway_commands.ts";
import type { Suite } from "./suite.ts";
import { demand } from "./suite.ts";

/** What may differ, and why. */
const OWN = [
  // each has its own node and its own address
  /^\$\.lightning_mode/,
  // null or not: ours backs up by itself when it joins, gatewayd later, and tells nothing of backups that are asked for
  /last_backup_time/,
  // null or not: LND knows what it invented before it is paid, and its neighbours' names
  /\.preimage: (null|string)$/,
  /\.remote_node_alias: (null|string)$/,
  // null or not: whether clients have paid through it
  /_latency/,
  // with the embedded node it registers nowhere for the first Lightning module
  /\.lnv1\.registration\.endpoints/,
  // gatewayd knows no meta
  /\.unknown_module_hex/,
];

function differences(theirs: Json, ours: Json): string[] {
  const shapes = [shapeOf(theirs), shapeOf(ours)].map((lines) =>
    lines.filter((line) => !OWN.some((own) => own.test(line)))
  ) as [string[], string[]];
  const [wanted, got] = shapes;
  return [
    ...wanted.filter((line) => !got.includes(line)).map((line) => `missing ${line}`),
    ...got.filter((line) => !wanted.includes(line)).map((line) => `more ${line}`),
  ];
}

/** Each command at the official gateway, then at ours. */
export async function compareCommands(
  suite: Suite,
  federation: DevFederation,
  id: string,
  { official, ours }: { readonly official: Administered; readonly ours: readonly Administered[] },
): Promise<void> {
  for (const [name, run] of COMMANDS) {
    await suite.check(`gateway-cli ${name}: as at gatewayd`, async () => {
      const theirs = await run({ ...official, suite, federation, id });
      for (const own of ours) {
        const differs = differences(theirs, await run({ ...own, suite, federation, id }));
        demand(differs.length === 0, `${own.gateway.name}: ${differs.join(", ")}`);
      }
    });
  }
}

function leave(gateway: Gateway, id: string): Promise<Json> {
  return gateway.ask("leave-fed", "--federation-id", id);
}

/** Leaves a federation and joins it again, with its e-cash. */
export async function leaveAndJoin(gateway: Gateway, federation: DevFederation, id: string): Promise<void> {
  const beforeMsat = await gateway.ecashMsat();
  await leave(gateway, id);
  demand((membersOf(await gateway.ask("info")).federations as Json[]).length === 0, "it is there still");
  await gateway.ask("connect-fed", federation.invite);
  const afterMsat = await gateway.ecashMsat();
  demand(afterMsat === beforeMsat, `${gateway.name} had ${beforeMsat} msat and has ${afterMsat} msat`);
}

/** Closing, leaving and stopping, after everything else: invoices were made, and some were never paid. */
export async function compareEnds(
  suite: Suite,
  id: string,
  { official, ours }: { readonly official: Administered; readonly ours: readonly Administered[] },
): Promise<void> {
  await suite.check("gateway-cli close-channels-with-peer: as at gatewayd", async () => {
    const close = async ({ gateway, other }: Administered): Promise<Json> => {
      const peer = ["--pubkey", await other.publicKey(), "--sats-per-vbyte", "3"];
      return await gateway.ask("lightning", "close-channels-with-peer", ...peer);
    };
    const theirs = membersOf(await close(official));
    // the gateway on the other LND has the same channels
    for (const own of ours.filter((each) => !each.own)) {
      const closed = membersOf(await close(own)), differs = differences(theirs, closed);
      demand(differs.length === 0, `${own.gateway.name}: ${differs.join(", ")}`);
      demand(closed.num_channels_closed === 2, stringifyJson(closed));
    }
  });
  await suite.check("gateway-cli leave-fed: as at gatewayd, though invoices were made", async () => {
    const theirs = await leave(official.gateway, id);
    for (const { gateway } of ours) {
      const differs = differences(theirs, await leave(gateway, id));
      demand(differs.length === 0, `${gateway.name}: ${differs.join(", ")}`);
    }
  });
  await suite.check("gateway-cli stop: as at gatewayd, and the program ends", async () => {
    const theirs = await official.gateway.run("stop");
    for (const { gateway } of ours) {
      const { exit, out } = await gateway.run("stop");
      demand(
        exit === theirs.exit && out === theirs.out,
        `${gateway.name}: ${exit} ${out}, not ${theirs.exit} ${theirs.out}`,
      );
      const code = await gateway.ended;
      demand(code === 0, `${gateway.name} ended with ${code}`);
    }
  });
}
