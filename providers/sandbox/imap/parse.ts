/** Reading IMAP commands (RFC 9051 §9), as far as the sandbox needs it. */

/** An argument: a string, or a parenthesised list. */
export type Argument = string | readonly Argument[];

const LITERAL = /\{(\d+)\+?\}\r\n$/;

/** Cuts what a client sends into commands; a literal asks for more by `wanted`. */
export class CommandReader {
  #buffer = Buffer.alloc(0);
  #command = Buffer.alloc(0);
  #literal = 0;

  /** Complete commands in `chunk` and what came before; `goOn` is called when the client waits to send a literal. */
  *read(chunk: Buffer, goOn: () => void): Generator<Buffer> {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      if (this.#literal > 0) {
        if (this.#buffer.length < this.#literal) return;
        this.#take(this.#literal);
        this.#literal = 0;
      }
      const end = this.#buffer.indexOf('\r\n');
      if (end < 0) return;
      this.#take(end + 2);
      const literal = LITERAL.exec(this.#command.subarray(-30).toString('latin1'));
      if (literal) {
        this.#literal = Number(literal[1]);
        if (!literal[0].includes('+')) goOn();
        continue;
      }
      const command = this.#command;
      this.#command = Buffer.alloc(0);
      yield command;
    }
  }

  #take(bytes: number): void {
    this.#command = Buffer.concat([this.#command, this.#buffer.subarray(0, bytes)]);
    this.#buffer = this.#buffer.subarray(bytes);
  }
}

/** The words of a command, literals and quoted strings among them; brackets stay with their word: `BODY.PEEK[HEADER.FIELDS (TO)]<0.9>`. */
export function parseArguments(command: Buffer): readonly Argument[] {
  const text = command.toString('latin1').replace(/\r\n$/, '');
  let at = 0;
  const list = (): Argument[] => {
    const found: Argument[] = [];
    for (;;) {
      while (text[at] === ' ') at++;
      if (at >= text.length) return found;
      if (text[at] === ')') {
        at++;
        return found;
      }
      found.push(one());
    }
  };
  const one = (): Argument => {
    if (text[at] === '(') {
      at++;
      return list();
    }
    if (text[at] === '"') return quoted();
    const literal = /^\{(\d+)\+?\}\r\n/.exec(text.slice(at, at + 30));
    if (literal) {
      const start = at + literal[0].length;
      at = start + Number(literal[1]);
      return text.slice(start, at);
    }
    const start = at;
    for (let depth = 0; at < text.length; at++) {
      if (text[at] === '[') depth++;
      else if (text[at] === ']') depth--;
      else if (depth === 0 && (text[at] === ' ' || text[at] === ')' || text[at] === '(')) break;
    }
    return text.slice(start, at);
  };
  const quoted = (): string => {
    let value = '';
    for (at++; at < text.length && text[at] !== '"'; at++) {
      if (text[at] === '\\') at++;
      value += text[at];
    }
    at++;
    return value;
  };
  return list();
}

/** Whether a number is in a set such as `1,5:9,12:*`. `last`: what `*` stands for. */
export function inSet(set: string, last: number): (value: number) => boolean {
  const ranges = set.split(',').map((part) => {
    const [from = 0, to = from] = part.split(':').map((end) => (end === '*' ? last : Number(end)));
    return [Math.min(from, to), Math.max(from, to)] as const;
  });
  return (value) => ranges.some(([from, to]) => value >= from && value <= to);
}
