/**
 * A process' way to its simulated disk. An operation takes a moment and happens at its end; a process killed meanwhile
 * finds it done or not done when it starts again, as the dice fall.
 */
import type { Files } from "../platform.ts";
import type { Life } from "./machine.ts";

const OPERATION_MS = [0.05, 0.5] as const;

export function simulatedFiles(life: Life): Files {
  const { disk } = life.machine;
  const dice = life.universe.dice(`disk/${life.machine.name}`);

  function later<T>(what: string, operate: () => T, writes: boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!life.alive) return;
      const unfinished = (): void => {
        try {
          operate();
        } catch {
          // The operation was refused; whoever asked is gone.
        }
      };
      if (writes) life.unfinishedWrites.add(unfinished);
      life.after(dice.between(...OPERATION_MS), () => {
        life.unfinishedWrites.delete(unfinished);
        life.universe.note(`file ${life.machine.name} ${what}`);
        try {
          resolve(operate());
        } catch (thrown) {
          reject(thrown);
        }
      });
    });
  }

  const write = (mayReplace: boolean): Files["create"] => (path, bytes, options = {}) => {
    const file = { bytes: bytes.slice(), secret: options.secret === true };
    return later(`write ${path} ${bytes.length}`, () => disk.write(path, file, mayReplace), true);
  };

  return {
    read: (path, bytesMax) => later(`read ${path}`, () => disk.read(path, bytesMax), false),
    create: write(false),
    replace: write(true),
    makeSecret: (path) => later(`restrict ${path}`, () => disk.makeSecret(path), true),
    isPublic: (path) => later(`look at ${path}`, () => disk.isPublic(path), false),
    remove: (path) => later(`remove ${path}`, () => disk.remove(path), true),
    list: (path) => later(`list ${path}`, () => disk.list(path), false),
    makeDirectory: (path, options = {}) =>
      later(`folder ${path}`, () => disk.makeDirectory(path, options.secret === true), true),
    freeBytes: (path) => later(`room ${path}`, () => disk.freeBytes, false),
    openFilesMax: () => Promise.resolve(disk.openFilesMax),
  };
}
