/** `print-secret`: what a wallet's money comes from, and what of it that brings back. docs/protocol/02b-cli.md §2. */
import type { Json } from "../../core/encoding/mod.ts";
import { toHex } from "../../core/bytes.ts";
import { wordsOfEntropy } from "../../core/crypto/bip39.ts";
import type { Client } from "../core/client.ts";
import { secretsOfEntropy } from "../core/secrets.ts";
import { loadEntropy, noWords } from "../core/words.ts";
import type { Cli } from "./cli.ts";
import type { Session } from "./session.ts";

const ABOUT_WORDS =
  `Whoever has these words has the money. Write them on paper, and an invite code of the federation with them.
They bring back: the e-cash of this wallet, also that which it gave away and nobody redeemed; bitcoin that was paid to
its addresses. With \`restore\` here, with fedimint-cli, and in every federation that these words were used in.
They don't bring back: Lightning payments that are under way when the wallet is lost, other people's e-cash that wasn't
received yet, and what is written about payments beyond what the federation remembers.
`;
const ABOUT_SECRET =
  `Whoever has this has the money of this federation, and of no other. It is what \`--federation-secret-hex\` takes, here
and in fedimint-cli: \`restore\` with it brings back what this wallet's words bring back of this federation, but not what
the JavaScript SDK made of the same words.
`;

export function secretCommand(cli: Cli): void {
  cli.program.command("print-secret").description("print the wallet's words: whoever has them has the money")
    .option("--secret", "print this federation's secret instead, as --federation-secret-hex takes it")
    .action(
      cli.official((session, { secret = false }: { secret?: boolean }) =>
        session.withClient((client) => print(session, client, secret))
      ),
    );
}

async function print({ io }: Session, client: Client, asSecret: boolean): Promise<Json> {
  const { store, secret } = client.options;
  if (asSecret) {
    io.err(ABOUT_SECRET);
    const preRoot = secret ?? secretsOfEntropy(await loadEntropy(store), client.running.federationId).preRoot;
    return { secret: toHex(preRoot.toBytes()) };
  }
  // a wallet that was restored from a secret has none
  if (secret) throw noWords();
  io.err(ABOUT_WORDS);
  return { secret: wordsOfEntropy(await loadEntropy(store)) };
}
