/** What a main program gets from its system, seen from a real child process. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { utf8 } from "../../core/bytes.ts";
import { LineError, linesOf } from "./lines.ts";
import { type Child, ProcessError, realProcessHost as host, type SpawnOptions } from "./process.ts";
import { testsNeeding } from "../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");

/** Runs `script` with `host` in reach as a program of its own. */
function run(script: string, options: SpawnOptions = {}): Child {
  const module = JSON.stringify(import.meta.resolve("./process.ts"));
  const args = ["eval", "--config", fromFileUrl(import.meta.resolve("../../deno.json")), "--ext=ts", "--no-check"];
  const program = `import { realProcessHost as host } from ${module};\n${script}`;
  return host.spawn(Deno.execPath(), { ...options, args: [...args, program, ...options.args ?? []], output: "lines" });
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

async function outputs(child: Child): Promise<{ out: string[]; err: string[]; code: number }> {
  const [out, err] = await Promise.all([collect(child.stdout()), collect(child.stderr())]);
  return { out, err, code: await child.ended };
}

onMachine("a child gets arguments, environment and folder, and hands back its output and exit code", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const child = run(
    `await host.stdout(host.args.join("|") + "\\n" + host.env("FM_X") + "\\n" + host.env("FM_NONE"));
     await host.stdout("\\n" + Deno.cwd() + "\\r\\n" + host.isTerminal("stdout"));
     await host.stderr("ü\\n\\n");
     for await (const line of host.stdin()) await host.stdout(line);
     host.exit(7);`,
    { args: ["a b", "--c"], env: { FM_X: "yes" }, folder },
  );
  assert(child.pid !== host.pid);
  const { out, err, code } = await outputs(child);
  assertEquals(out, ["a b|--c", "yes", "undefined", folder, "false"]);
  assertEquals(err, ["ü", ""]);
  assertEquals(code, 7);
  child.kill("SIGTERM"); // does nothing
  await Deno.remove(folder);
});

onMachine("signals come to the handler, and end the program once it is taken off", async () => {
  const child = run(
    `const off = host.onSignal(async (signal) => {
       if (signal === "SIGTERM") off();
       await host.stdout(signal + "\\n");
     });
     await host.stdout("ready\\n");
     setInterval(() => {}, 1000);`,
  );
  const out: string[] = [];
  const errors = collect(child.stderr());
  for await (const line of child.stdout()) {
    out.push(line);
    child.kill(out.length === 1 ? "SIGINT" : "SIGTERM");
  }
  assertEquals([out, await errors, await child.ended], [["ready", "SIGINT", "SIGTERM"], [], 143]);
});

Deno.test("a program that does not exist is not started", () => {
  assertEquals(assertThrows(() => host.spawn("/no/such/program"), ProcessError).code, "not_started");
});

Deno.test("lines are found in whatever pieces the bytes come, up to the bound", async () => {
  const pieces = (text: string, size: number): ReadableStream<Uint8Array> => {
    const bytes = utf8(text);
    return new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.subarray(at, at + size));
        controller.close();
      },
    });
  };
  for (const size of [1, 2, 3, 100]) {
    assertEquals(await collect(linesOf(pieces("ä\r\n\nlast", size), 4)), ["ä", "", "last"]);
    assertEquals(await collect(linesOf(pieces("", size), 4)), []);
    const long = await collect(linesOf(pieces("a\nbcdef\n", size), 4)).catch((thrown) => thrown);
    assert(long instanceof LineError);
  }
});

onMachine("a child reads what is written to it, and nothing is written to one that has ended", async () => {
  const child = run(
    `for await (const line of host.stdin()) { await host.stdout(line + "!\\n"); if (line === "b") break; }`,
    {
      input: "text",
    },
  );
  assertEquals(await child.write("a\nb"), true);
  assertEquals(await child.write("\n"), true);
  const { out, code } = await outputs(child);
  assertEquals([out, code], [["a!", "b!"], 0]);
  assertEquals(await child.write("c\n"), false);
});

onMachine("a child's input ends when it is closed, once or twice", async () => {
  const child = run(`for await (const line of host.stdin()) await host.stdout(line + "\\n"); host.exit(3);`, {
    input: "text",
  });
  await child.write("a\n");
  await child.closeInput();
  await child.closeInput();
  assertEquals(await outputs(child), { out: ["a"], err: [], code: 3 });
});
