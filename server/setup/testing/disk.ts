/** For tests: files on a disk in memory, at once, with failures where a test wants them. */
import { FilesError } from "../../../actors/platform/error.ts";
import type { Files } from "../../../actors/platform/platform.ts";
import { SimulatedDisk } from "../../../actors/platform/simulated/disk.ts";
import type { Bytes } from "../../../core/bytes.ts";

export const DIR = "/data";

/** With an empty data directory. */
export function emptyDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.makeDirectory(DIR, true);
  return disk;
}

/** @param before called before each change, with how many were before it; it may throw, or never resolve */
export function filesOn(disk: SimulatedDisk, before: (change: number) => void | Promise<void> = () => {}): Files {
  let changes = 0;
  const change = async <T>(body: () => T): Promise<T> => {
    await before(changes++);
    return body();
  };
  const write = (mayReplace: boolean): Files["replace"] => (path, bytes, options = {}) => {
    const file = { bytes: bytes.slice() as Bytes, secret: options.secret === true };
    return change(() => disk.write(path, file, mayReplace));
  };
  return {
    read: (path, bytesMax) => new Promise((resolve) => resolve(disk.read(path, bytesMax))),
    create: write(false),
    replace: write(true),
    isPublic: (path) => new Promise((resolve) => resolve(disk.isPublic(path))),
    makeSecret: (path) => new Promise((resolve) => resolve(disk.makeSecret(path))),
    remove: (path) => change(() => disk.remove(path)),
    list: (path) => new Promise((resolve) => resolve(disk.list(path))),
    makeDirectory: (path, options = {}) => change(() => disk.makeDirectory(path, options.secret === true)),
    freeBytes: () => Promise.resolve(disk.freeBytes),
    openFilesMax: () => Promise.resolve(disk.openFilesMax),
  };
}

/** As of a process that is killed before this change: nothing happens any more, and nobody is answered. */
export function killedAt(change: number): (at: number) => Promise<void> | void {
  return (at) => at < change ? undefined : new Promise(() => {});
}

/** As of a disk that takes nothing from this change on. */
export function fullAt(change: number): (at: number) => void {
  return (at) => {
    if (at >= change) throw new FilesError({ code: "failed", path: DIR }, "no space left");
  };
}
