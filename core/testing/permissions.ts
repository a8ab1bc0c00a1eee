/**
 * Tests that touch the machine: files, sockets, other programs. `deno test` gives no permissions, and then these are
 * left out by name and with the reason, while all others run; `deno test -A` runs everything.
 */

type Definition = Deno.TestDefinition;

/** Makes a test, as `Deno.test` does. */
export type TestMaker = {
  (name: string, fn: Definition["fn"]): void;
  (definition: Definition): void;
};

export function isAllowed(permission: Deno.PermissionName): boolean {
  return Deno.permissions.querySync({ name: permission }).state === "granted";
}

/** `Deno.test` for what needs these permissions as a whole. */
export function testsNeeding(...permissions: readonly Deno.PermissionName[]): TestMaker {
  const missing = permissions.filter((permission) => !isAllowed(permission));
  return (first: string | Definition, fn?: Definition["fn"]): void => {
    const definition = typeof first === "string" ? { name: first, fn: fn! } : first;
    if (missing.length === 0) return Deno.test(definition);
    const flags = missing.map((permission) => `--allow-${permission}`).join(", ");
    // without the permission it could only fail: it is named, with the reason, and `deno test -A` runs it
    Deno.test({ ...definition, name: `${definition.name} (left out: needs ${flags})`, ignore: true });
  };
}
