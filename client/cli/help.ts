/** Texts of the help that are longer than a line. */

export const ABOUT = `A wallet of Fedimint e-cash, on the command line.

Takes fedimint-cli's commands and prints its JSON; the commands "for people" print sentences instead.
Amounts: "10 sat", "0.001 btc", "1000 msat". A number alone is MILLIsatoshi: 5000 is 5 sat. Both units are always shown.
Codes and e-cash are taken as they were pasted, with blanks and line breaks in them; - reads them from standard input.`;

export const EXAMPLES = `
Examples (with \`deno task client\` before each, and FM_CLIENT_DIR set or --data-dir DIR given first):
  join fed11qgqz…                    become a member of a federation
  deposit                            show a Bitcoin address, wait for the money
  balance                            what there is
  spend "100 sat"                    e-cash as text and QR code: whoever has it has the money
  receive fedimint1qx…               redeem e-cash that somebody sent
  receive - < file                   the same, from a file
  withdraw bc1q… "20000 sat"         pay to a Bitcoin address
  print-secret                       the wallet's words: keep them on paper
  restore --invite-code fed11…       asks for the words, and brings their money back
  info                               what there is as JSON
  module mintv2 send 100000          a module's own command; \`module mintv2 help\` lists them
  --our-id 0 --password P admin audit
  --password P admin setup ws://HOST:8174 status

Exit codes: 0 done, 1 failed, 2 wrong arguments, 130 interrupted by Ctrl-C.`;
