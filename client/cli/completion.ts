/**
 * `completion SHELL`: a script that completes commands and flags, for the shell to read. It knows what the tree of
 * commands has: after each command its subcommands and flags. As with fedimint-cli a line `true` ends it, which shells
 * take. docs/protocol/02b-cli.md §2.
 */
import type { Command } from "commander";
import { Argument } from "commander";
import type { Cli } from "./cli.ts";

/** What may follow a command: `words` after `path`, names of commands from the program's own on. */
type Place = { readonly path: string; readonly words: readonly string[] };

const SHELLS: Readonly<Record<string, (program: string, places: readonly Place[]) => string>> = {
  bash,
  // it runs bash's functions
  zsh: (program, places) => `autoload -U +X bashcompinit && bashcompinit\n${bash(program, places)}`,
  fish,
  elvish,
  powershell,
};

/** Shells that there is a script for. */
export const COMPLETION_SHELLS: readonly string[] = Object.keys(SHELLS);

/** The script of one of them, for a tree of commands that goes by this name. */
export function completionScript(program: Command, name: string, shell: string): string {
  return SHELLS[shell]!(name, placesIn(program, name));
}

export function completionCommand(cli: Cli): void {
  cli.program.command("completion").description("a script that completes commands in a shell")
    .addArgument(new Argument("<shell>", "which").choices(COMPLETION_SHELLS))
    .action(cli.official((session, shell: string) => {
      session.io.out(completionScript(cli.program, cli.program.name(), shell));
      return Promise.resolve(true);
    }));
}

function placesIn(command: Command, path: string): Place[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const flags = help.visibleOptions(command).flatMap(({ short, long }) => [short, long].filter((flag) => flag != null));
  const words = [...commands.map((each) => each.name()), ...flags];
  // `help` is made up for the help text, and has nothing below it
  return [{ path, words }, ...command.commands.flatMap((each) => placesIn(each, `${path} ${each.name()}`))];
}

/**
 * All shells do the same: they go from the program's name along the words that were typed, by one command a word, and
 * pass over flags and arguments.
 */
function bash(program: string, places: readonly Place[]): string {
  const cases = places.map(({ path, words }) => `    "${path}") printf '%s' "${words.join(" ")}" ;;`);
  return `_${program}_words() {
  case "$1" in
${cases.join("\n")}
  esac
}
_${program}() {
  local at="${program}" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [ -n "$(_${program}_words "$at $word")" ]; then at="$at $word"; fi
  done
  COMPREPLY=($(compgen -W "$(_${program}_words "$at")" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _${program} ${program}
`;
}

function fish(program: string, places: readonly Place[]): string {
  const cases = places.map(({ path, words }) => `    case "${path}"\n      printf '%s\\n' ${words.join(" ")}`);
  return `function __${program}_words
  switch "$argv[1]"
${cases.join("\n")}
  end
end
function __${program}_complete
  set -l at ${program}
  set -l typed (commandline -opc)
  for word in $typed[2..-1]
    if test -n "$(__${program}_words "$at $word")"
      set at "$at $word"
    end
  end
  __${program}_words "$at"
end
complete -c ${program} -a '(__${program}_complete)'
`;
}

function elvish(program: string, places: readonly Place[]): string {
  const cases = places.map(({ path, words }) => `  &'${path}'= [${words.join(" ")}]`);
  return `var words = [
${cases.join("\n")}
]
set edit:completion:arg-completer[${program}] = {|@typed|
  var at = '${program}'
  for word $typed[1..-1] {
    if (has-key $words $at' '$word) { set at = $at' '$word }
  }
  all $words[$at]
}
`;
}

function powershell(program: string, places: readonly Place[]): string {
  const cases = places.map(({ path, words }) => `  '${path}' = @(${words.map((word) => `'${word}'`).join(", ")})`);
  return `$${program}Words = @{
${cases.join("\n")}
}
Register-ArgumentCompleter -Native -CommandName '${program}' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $at = '${program}'
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    if ($element.Extent.EndOffset -ge $cursorPosition) { break }
    $next = "$at $($element.Extent.Text)"
    if ($${program}Words.ContainsKey($next)) { $at = $next }
  }
  $${program}Words[$at] | Where-Object { $_ -like "$wordToComplete*" }
}
`;
}
