/** QR codes in a terminal. */
import { encode, renderUnicodeCompact } from "uqr";

/** Bytes that the largest code holds with the least error correction. */
const QR_BYTES_MAX = 2_953;

/**
 * Two rows of the code a line; with its light border. Null when the terminal is too small, or the text too long for a
 * code.
 */
export function qrText(text: string, terminal: { readonly columns: number; readonly rows: number }): string | null {
  if (new TextEncoder().encode(text).length > QR_BYTES_MAX) return null;
  const options = { ecc: "L", border: 2 } as const;
  const { size } = encode(text, options);
  // one line stays for what stands around it
  if (size > terminal.columns || Math.ceil(size / 2) + 1 > terminal.rows) return null;
  return renderUnicodeCompact(text, options);
}
