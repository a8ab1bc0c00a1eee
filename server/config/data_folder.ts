/** The guardian's folder: made for its owner alone, and closed when it was there before and open to others. */
import type { Files } from "../../actors/platform/platform.ts";
import { FilesError } from "../../actors/platform/error.ts";
import type { Logger } from "../../actors/logger.ts";

/**
 * Config, keys and database lie in it. A folder that can't be closed is told and used: it may belong to somebody else
 * on purpose.
 */
export async function closedDataFolder(files: Files, path: string, log: Logger): Promise<void> {
  await files.makeDirectory(path, { secret: true });
  try {
    if (await files.makeSecret(path)) {
      log.warn("Others could look into the data folder until now: it is closed", { path });
    }
  } catch (thrown) {
    if (!(thrown instanceof FilesError)) throw thrown;
    log.warn("Others can look into the data folder, and it can't be closed to them", { path, reason: thrown.message });
  }
}
