import { assertEquals } from "@std/assert";
import { FilesError } from "../../actors/platform/error.ts";
import type { LogRecord } from "../../actors/logger.ts";
import { loggerFor } from "../../actors/logger.ts";
import { SimulatedDisk } from "../../actors/platform/simulated/disk.ts";
import { closedDataFolder } from "./data_folder.ts";
import { DIR, emptyDisk, filesOn } from "../setup/testing/disk.ts";

function logged() {
  const records: LogRecord[] = [];
  return {
    log: loggerFor("guardian", (record) => records.push(record)),
    messages: () => records.map(({ message }) => message),
  };
}

Deno.test("a data folder is made for its owner alone", async () => {
  const { log, messages } = logged();
  const disk = new SimulatedDisk();
  await closedDataFolder(filesOn(disk), "/new/data", log);
  await closedDataFolder(filesOn(disk), "/new/data", log);
  assertEquals([disk.folders.get("/new/data"), messages()], [true, []]);
});

Deno.test("a data folder that others could look into is closed, and that it was open is said once", async () => {
  const { log, messages } = logged();
  const disk = new SimulatedDisk();
  disk.makeDirectory(DIR, false);
  for (let start = 0; start < 2; start++) await closedDataFolder(filesOn(disk), DIR, log);
  assertEquals(disk.folders.get(DIR), true);
  assertEquals(messages(), ["Others could look into the data folder until now: it is closed"]);
});

Deno.test("a data folder that can't be closed is used all the same, with a warning", async () => {
  const { log, messages } = logged();
  const denied = () => Promise.reject(new FilesError({ code: "denied", path: DIR }, `Not allowed to restrict ${DIR}`));
  await closedDataFolder({ ...filesOn(emptyDisk()), makeSecret: denied }, DIR, log);
  assertEquals(messages(), ["Others can look into the data folder, and it can't be closed to them"]);
});
