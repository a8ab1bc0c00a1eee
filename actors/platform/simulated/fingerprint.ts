/** A short mark of what was sent, for the log: FNV-1a, 32 bits. Finds differences, keeps no secrets, is no proof. */
export function fingerprint(content: Uint8Array | string): string {
  let hash = 0x811c9dc5;
  if (typeof content === "string") {
    for (let i = 0; i < content.length; i++) hash = Math.imul(hash ^ content.charCodeAt(i), 0x01000193);
  } else {
    for (let i = 0; i < content.length; i++) hash = Math.imul(hash ^ content[i]!, 0x01000193);
  }
  return (hash >>> 0).toString(16);
}
