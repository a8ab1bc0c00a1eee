/**
 * What the checks read in a TypeScript source: its code without comments and texts, and what it imports. A scanner and
 * no parser: it knows strings, templates, comments and regular expressions, which is what makes plain search wrong.
 */

export type Import = {
  readonly line: number;
  readonly specifier: string;
  /** Text of the clause between `import` or `export` and `from`. */
  readonly clause: string;
};

/** Where a comment begins and where it ends, its marks included. */
export type Comment = { readonly start: number; readonly end: number };

export type Source = {
  /** As long as the source and with the same lines; what is no code is blank. */
  readonly code: string;
  readonly imports: readonly Import[];
  readonly comments: readonly Comment[];
};

type Text = { readonly start: number; readonly value: string };

export function scanSource(source: string): Source {
  const { code, texts, comments } = strip(source);
  const imports: Import[] = [];
  for (const { start, value } of texts) {
    const before = code.slice(0, start);
    if (!/(\bfrom|\bimport\s*\(?)\s*$/.test(before.slice(-40))) continue;
    const statement = before.slice(Math.max(before.lastIndexOf("import"), before.lastIndexOf("export")));
    imports.push({ line: lineOf(source, start), specifier: value, clause: statement });
  }
  return { code, imports, comments };
}

/** Counted from 1. */
export function lineOf(source: string, offset: number): number {
  let line = 1;
  for (let at = source.indexOf("\n"); at !== -1 && at < offset; at = source.indexOf("\n", at + 1)) line++;
  return line;
}

/** Words after which a slash begins a regular expression and divides nothing. */
const BEFORE_EXPRESSION = /(^|[^\w$.])(return|typeof|case|in|of|instanceof|void|delete|yield|await|else|do|throw|new)$/;

function strip(source: string): { code: string; texts: Text[]; comments: Comment[] } {
  const texts: Text[] = [];
  const comments: Comment[] = [];
  let code = "";
  /** For each template that is open: how deep in braces its present `${}` is. */
  const templates: number[] = [];
  let at = 0;

  const blankTo = (end: number): void => {
    code += source.slice(at, end).replace(/[^\n]/g, " ");
    at = end;
  };

  const comment = (end: number): void => {
    comments.push({ start: at, end: Math.min(end, source.length) });
    blankTo(end);
  };

  /** From behind the opening backtick, or the brace that ends a `${}`, to the next `${` or the end. */
  const template = (): void => {
    let end = at;
    while (end < source.length && source[end] !== "`" && !(source[end] === "$" && source[end + 1] === "{")) {
      end += source[end] === "\\" ? 2 : 1;
    }
    const inner = source[end] === "$";
    blankTo(Math.min(end + (inner ? 2 : 1), source.length));
    if (inner) templates.push(0);
  };

  while (at < source.length) {
    const char = source[at]!;
    const next = source[at + 1];
    if (char === "/" && next === "/") comment(endOf(source, "\n", at));
    else if (char === "/" && next === "*") comment(endOf(source, "*/", at + 2) + 2);
    else if (char === '"' || char === "'") {
      const end = stringEnd(source, at);
      texts.push({ start: at, value: source.slice(at + 1, end - 1) });
      blankTo(end);
    } else if (char === "`") {
      blankTo(at + 1);
      template();
    } else if (char === "/" && beginsRegExp(code)) blankTo(regExpEnd(source, at));
    else {
      const depth = templates.length - 1;
      if (depth >= 0 && char === "}" && templates[depth] === 0) {
        templates.pop();
        blankTo(at + 1);
        template();
        continue;
      }
      if (depth >= 0 && char === "{") templates[depth]!++;
      if (depth >= 0 && char === "}") templates[depth]!--;
      code += char;
      at++;
    }
  }
  return { code, texts, comments };
}

function endOf(source: string, mark: string, from: number): number {
  const end = source.indexOf(mark, from);
  return end === -1 ? source.length : end;
}

/** A string does not go beyond its line: so a mistake of this scanner does neither. */
function stringEnd(source: string, start: number): number {
  let end = start + 1;
  while (end < source.length && source[end] !== source[start] && source[end] !== "\n") {
    end += source[end] === "\\" ? 2 : 1;
  }
  return Math.min(end + 1, source.length);
}

function beginsRegExp(codeBefore: string): boolean {
  const before = codeBefore.trimEnd();
  return !/[\w$)\]}]$/.test(before) || BEFORE_EXPRESSION.test(before.slice(-20));
}

function regExpEnd(source: string, start: number): number {
  let inClass = false;
  for (let end = start + 1; end < source.length && source[end] !== "\n"; end++) {
    const char = source[end];
    if (char === "\\") end++;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === "/" && !inClass) return end + 1;
  }
  return start + 1; // no regular expression after all
}
