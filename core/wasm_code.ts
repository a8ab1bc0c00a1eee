/**
 * What WebAssembly modules that are put together here consist of: numbers, sections, exports, locals. Opcodes and
 * layouts of the WebAssembly specification 2.0, §5.
 */

/**
 * Bytes of a module, or of a part of it. Parts are joined by `concat` where there are many: what puts modules together
 * runs once, in V8's interpreter, which spreads a list in a longer one byte by byte.
 */
export type Code = readonly number[];

export const I32 = 0x7f, I64 = 0x7e, V128 = 0x7b;

/** LEB128 of a signed number below 2^31; of an unsigned one too, when it is below 64. */
export function leb(value: number): Code {
  const out: number[] = [];
  for (;;) {
    const byte = value & 0x7f;
    value >>= 7;
    const isLast = value === 0 && !(byte & 0x40) || value === -1 && byte & 0x40;
    out.push(isLast ? byte : byte | 0x80);
    if (isLast) return out;
  }
}

/** LEB128 of a signed number of 64 bits. */
export function longLeb(value: bigint): Code {
  const out: number[] = [];
  for (;;) {
    const byte = Number(value & 0x7fn);
    value >>= 7n;
    const isLast = value === 0n && !(byte & 0x40) || value === -1n && byte & 0x40;
    out.push(isLast ? byte : byte | 0x80);
    if (isLast) return out;
  }
}

export function unsignedLeb(value: number): Code {
  return value < 0x80 ? [value] : [value & 0x7f | 0x80, ...unsignedLeb(value >>> 7)];
}

/** Instructions on each local, made once: they are most of what a module is put together from. */
function ofLocals(opcode: number): (local: number) => Code {
  const made: Code[] = [];
  return (local) => made[local] ??= [opcode].concat(unsignedLeb(local));
}

/** Pushes a local. */
export const get: (local: number) => Code = ofLocals(0x20);
/** Pops into a local. */
export const set: (local: number) => Code = ofLocals(0x21);

/** Copies into a local, and leaves it where it is. */
export const tee = (local: number): Code => [0x22, ...unsignedLeb(local)];

/** With its length before it. */
const sized = (bytes: Code): Code => [...unsignedLeb(bytes.length), ...bytes];
const section = (id: number, content: Code): Code => [id, ...sized(content)];

/** `locals` by type, with how many; parameters are not among them. */
export type WasmFunction = {
  readonly name: string;
  readonly parameters: Code;
  readonly results: Code;
  readonly locals: readonly (readonly [count: number, type: number])[];
  readonly body: Code;
};

const FUNCTION = 0, MEMORY = 2;
const END = 0x0b, CODE = 10;
const exported = (name: string, kind: number, index: number): Code => [
  ...sized([...new TextEncoder().encode(name)]),
  kind,
  ...unsignedLeb(index),
];

/** A module that exports these functions and `memory`, of so many pages of 64 KiB at first. */
export function wasmModule(functions: readonly WasmFunction[], pages: number): Uint8Array<ArrayBuffer> {
  const counted = (items: readonly Code[]): Code => [...unsignedLeb(items.length), ...items.flat()];
  const types = functions.map(({ parameters, results }) => [0x60, ...sized(parameters), ...sized(results)]);
  const exports = functions.map(({ name }, index) => exported(name, FUNCTION, index));
  // bodies are most of a module: they are copied once, into its bytes
  const bodies = functions.flatMap(({ locals, body }): Code[] => {
    const declared = counted(locals.map(([count, type]) => [...unsignedLeb(count), type]));
    return [[...unsignedLeb(declared.length + body.length + 1), ...declared], body, [END]];
  });
  const count = unsignedLeb(functions.length);
  const head = [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, counted(types)),
    ...section(3, counted(functions.map((_, index) => unsignedLeb(index)))),
    ...section(5, [1, 0, ...unsignedLeb(pages)]),
    ...section(7, counted([exported("memory", MEMORY, 0), ...exports])),
    ...[CODE, ...unsignedLeb(bodies.reduce((sum, { length }) => sum + length, count.length)), ...count],
  ];
  const parts = [head, ...bodies];
  const module = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    module.set(part, at);
    at += part.length;
  }
  return module;
}
