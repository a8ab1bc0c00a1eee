/**
 * What a simulated machine keeps: files and folders in memory. Every change is whole and durable at once, or did not
 * happen.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { FilesError } from "../error.ts";

export type StoredFile = { readonly bytes: Bytes; readonly secret: boolean };

export class SimulatedDisk {
  /** What `freeBytes` tells; null: nothing. Nothing is ever refused for it. */
  freeBytes: number | null = null;
  /** What `openFilesMax` tells; null: nothing. Nothing is ever refused for it. */
  openFilesMax: number | null = null;
  /** By normalised path. */
  readonly files = new Map<string, StoredFile>();
  /** Path → whether it is secret. */
  readonly folders = new Map<string, boolean>([["/", false]]);

  read(path: string, bytesMax: number): Bytes | undefined {
    const at = normalised(path);
    if (this.folders.has(at)) throw failed(path, "it is a folder");
    const file = this.files.get(at);
    if (file === undefined) return undefined;
    if (file.bytes.length > bytesMax) {
      throw new FilesError({ code: "too_large", path }, `${path} holds more than ${bytesMax} bytes.`);
    }
    return file.bytes.slice();
  }

  write(path: string, file: StoredFile, mayReplace: boolean): void {
    const at = normalised(path);
    if (!this.folders.has(parentOf(at))) throw failed(path, "its folder does not exist");
    if (!mayReplace && (this.files.has(at) || this.folders.has(at))) throw exists(path);
    if (this.folders.has(at)) throw failed(path, "it is a folder");
    this.files.set(at, file);
  }

  makeSecret(path: string): boolean {
    const at = normalised(path);
    if (this.folders.get(at) === false) {
      this.folders.set(at, true);
      return true;
    }
    const file = this.files.get(at);
    if (file === undefined || file.secret) return false;
    this.files.set(at, { ...file, secret: true });
    return true;
  }

  isPublic(path: string): boolean {
    return this.files.get(normalised(path))?.secret === false;
  }

  remove(path: string): void {
    const at = normalised(path);
    if (this.folders.has(at)) {
      if (this.#namesIn(at).length > 0) throw failed(path, "the folder is not empty");
      this.folders.delete(at);
    }
    this.files.delete(at);
  }

  list(path: string): string[] | undefined {
    const at = normalised(path);
    if (this.files.has(at)) throw failed(path, "it is no folder");
    return this.folders.has(at) ? this.#namesIn(at).sort() : undefined;
  }

  makeDirectory(path: string, secret: boolean): void {
    const at = normalised(path);
    if (this.files.has(at)) throw exists(path);
    const missing: string[] = [];
    for (let up = at; !this.folders.has(up); up = parentOf(up)) {
      if (this.files.has(up)) throw failed(path, `${up} is no folder`);
      missing.push(up);
    }
    for (const folder of missing) this.folders.set(folder, secret);
  }

  #namesIn(folder: string): string[] {
    const paths = [...this.files.keys(), ...this.folders.keys()];
    return paths.filter((path) => path !== "/" && parentOf(path) === folder).map((path) =>
      path.slice(path.lastIndexOf("/") + 1)
    );
  }
}

function normalised(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

function exists(path: string): FilesError {
  return new FilesError({ code: "exists", path }, `${path} exists already and is not replaced.`);
}

function failed(path: string, why: string): FilesError {
  return new FilesError({ code: "failed", path }, `Cannot use ${path}: ${why}.`);
}
