/** `module meta …`: names and JSON of fedimint-cli. docs/protocol/02b-cli.md §6. */
import { isHex, utf8 } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { DecodeError, parseHex, parseJson, u64 } from "../../../core/encoding/mod.ts";
import type { ClientCommand } from "../../contract/client.ts";
import { CommandError } from "../../contract/command_error.ts";
import type { MetaClient } from "./api.ts";
import type { MetaKey, MetaValue } from "../common.ts";
import { DEFAULT_META_KEY, metaValue, metaValueJson, metaValueJsonLossy } from "../common.ts";

type Options = { readonly key: MetaKey; readonly hex: boolean; readonly values: readonly string[] };

function keyOf(text: string | undefined): MetaKey {
  if (text === undefined || !/^[0-9]{1,3}$/.test(text) || Number(text) > 255) {
    throw CommandError.usage("--key takes a number from 0 to 255");
  }
  return Number(text);
}

/** `--key N`, `--key=N`, `--hex` in any place; everything behind `--` is a value, also what begins with a dash. */
function optionsOf(args: readonly string[], valuesMax: number): Options {
  let key: MetaKey = DEFAULT_META_KEY, hex = false;
  const values: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      for (const value of args.slice(i + 1)) values.push(value);
      break;
    }
    if (arg === "--hex") hex = true;
    else if (arg === "--key") key = keyOf(args[++i]);
    else if (arg.startsWith("--key=")) key = keyOf(arg.slice("--key=".length));
    else if (arg.startsWith("-") && arg !== "-") {
      throw CommandError.usage(
        `${arg} is no option of this command; put \`--\` before a VALUE that begins with a dash`,
      );
    } else values.push(arg);
  }
  if (values.length !== valuesMax) {
    throw CommandError.usage(valuesMax === 0 ? "this command takes no value" : "this command takes one VALUE");
  }
  return { key, hex, values };
}

function shown(value: MetaValue, hex: boolean, read: (value: MetaValue) => Json, what: string): Json {
  if (hex) return metaValue.toJson(value);
  try {
    return read(value);
  } catch (thrown) {
    if (thrown instanceof DecodeError) throw CommandError.failed(what, { cause: thrown });
    throw thrown;
  }
}

/** JSON is sent byte for byte as it was typed. */
function valueOf(text: string, hex: boolean): MetaValue {
  if (hex) {
    if (!isHex(text)) throw CommandError.failed("value not a valid hex string");
    return parseHex(text);
  }
  try {
    parseJson(text);
  } catch (thrown) {
    if (thrown instanceof DecodeError) throw CommandError.failed("value not a valid json string", { cause: thrown });
    throw thrown;
  }
  return utf8(text);
}

export function metaCommands(meta: MetaClient): { readonly [name: string]: ClientCommand } {
  return {
    get: {
      usage: "get [--key N] [--hex]",
      help: "The value that guardians agreed on, with its revision",
      run: async (args, signal) => {
        const { key, hex } = optionsOf(args, 0);
        const consensus = await meta.get(key, signal);
        if (!consensus) return null;
        const value = shown(consensus.value, hex, metaValueJsonLossy, "deserializing consensus value as json");
        return { revision: u64.toJson(consensus.revision), value };
      },
    },
    "get-rev": {
      usage: "get-rev [--key N]",
      help: "The revision of that value alone",
      run: async (args, signal) => {
        const { key, hex } = optionsOf(args, 0);
        if (hex) throw CommandError.usage("--hex is no option of this command");
        const revision = await meta.revision(key, signal);
        return revision === null ? null : { revision: u64.toJson(revision) };
      },
    },
    "get-submissions": {
      usage: "get-submissions [--key N] [--hex]",
      help: "Votes of guardians for other values, by guardian. For admins",
      run: async (args, signal) => {
        const { key, hex } = optionsOf(args, 0);
        const votes = [...await meta.submissions(key, signal)].map(([peer, value]): [string, Json] => [
          String(peer),
          shown(value, hex, metaValueJson, "deserializing submission value"),
        ]);
        return Object.fromEntries(votes);
      },
    },
    submit: {
      usage: "submit VALUE [--key N] [--hex]",
      help: "Votes with the own guardian for VALUE, JSON text or with --hex any bytes. For admins",
      run: async (args, signal) => {
        const { key, hex, values } = optionsOf(args, 1);
        await meta.submit(key, valueOf(values[0]!, hex), signal);
        return true;
      },
    },
  };
}
