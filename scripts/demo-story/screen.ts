/** How the story looks: wrapped text, a column of labels, and colour where a person sees it. Knows nothing of the story. */

/** Writes to the screen. Texts are plain: what they look like is decided here. */
export type Screen = {
  readonly title: (text: string) => void;
  readonly paragraph: (text: string) => void;
  /** A word and what it means, or a name and a value. */
  readonly entry: (name: string, text: string) => void;
  /** The headline of a step. */
  readonly heading: (number: number, text: string) => void;
  /** What is said below a headline. */
  readonly note: (text: string) => void;
  readonly row: (row: Row) => void;
  /** What something is, and lines to copy into a shell: never wrapped. */
  readonly command: (what: string, commands: readonly string[]) => void;
  readonly blank: () => void;
};

/** One line of a step: a label and a text. Lines of the text that are long are wrapped below it. */
export type Row = {
  readonly label: string;
  readonly text: string;
  /** `said`: quoted from somebody else; `good` and `bad`: a verdict. @default 'plain' */
  readonly tone?: Tone;
};

type Tone = 'plain' | 'said' | 'good' | 'bad';

const MAX_WIDTH = 110;
const MIN_WIDTH = 60;
const INDENT = '    ';
const LABEL_WIDTH = 9;
const ENTRY_WIDTH = 15;

const codes = { bold: 1, dim: 2, red: 31, green: 32, cyan: 36 } as const;

/** Whether colours are wanted: on a terminal that has some, and not against https://no-color.org. */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** Builds a screen over a place where text goes. */
export function createScreen(options: {
  readonly write: (text: string) => void;
  readonly isColoured: boolean;
  /** How wide the terminal is; undefined where there is none. */
  readonly columns: number | undefined;
}): Screen {
  const width = Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, options.columns ?? MAX_WIDTH));
  const paint = (text: string, ...styles: readonly (keyof typeof codes)[]): string =>
    options.isColoured ? `\x1b[${styles.map((style) => codes[style]).join(';')}m${text}\x1b[0m` : text;
  const line = (text: string): void => options.write(`${text}\n`);
  const column = (label: string, text: string, look: { readonly labelWidth: number; readonly tone: Tone }): void => {
    const { labelWidth, tone } = look;
    const isVerdict = tone === 'good' || tone === 'bad';
    const labelStyle = isVerdict ? styles[tone] : (text: string) => paint(text, 'cyan');
    wrap(text, width - INDENT.length - labelWidth).forEach((part, index) => {
      const margin = index === 0 ? labelStyle(label.padEnd(labelWidth)) : ' '.repeat(labelWidth);
      line(`${INDENT}${margin}${styles[tone](part)}`);
    });
  };
  const styles: Readonly<Record<Tone, (text: string) => string>> = {
    plain: (text) => text,
    said: (text) => paint(text, 'dim'),
    good: (text) => paint(text, 'green', 'bold'),
    bad: (text) => paint(text, 'red', 'bold'),
  };
  return {
    title: (text) => line(paint(text, 'bold')),
    paragraph: (text) => wrap(text, width).forEach(line),
    entry: (name, text) => column(name, text, { labelWidth: ENTRY_WIDTH, tone: 'plain' }),
    heading: (number, text) => line(paint(`${String(number).padStart(2)}  ${text}`, 'bold')),
    note: (text) => {
      for (const part of wrap(text, width - INDENT.length)) line(`${INDENT}${part}`);
    },
    row: ({ label, text, tone = 'plain' }) => column(label, text, { labelWidth: LABEL_WIDTH, tone }),
    command: (what, commands) => {
      line(`${INDENT}${paint(what, 'cyan')}`);
      for (const command of commands) line(`${INDENT}${INDENT}${command}`);
    },
    blank: () => line(''),
  };
}

/** Breaks each line of a text between words; a line that is broken keeps its indentation. Runs of spaces stay. */
function wrap(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((line) => {
    if (line.length <= width) return [line];
    const margin = /^\s*(?:- )?/.exec(line)?.[0].length ?? 0;
    const lines: string[] = [];
    let current = '';
    for (const word of line.split(/(?<=\S)(?= )/)) {
      if (current !== '' && current.length + word.trimEnd().length > width) {
        lines.push(current);
        current = ' '.repeat(margin) + word.trimStart();
      } else {
        current += word;
      }
    }
    return [...lines, current];
  });
}
