/** What `check` has to say about one place in a file: its shape, its order, and how it is printed. */
import type { Paint, Tone } from '../terminal.ts';

/** Where something stands: `line` and `column` count from 1 in the file. `file` is `-` for the standard input. */
export type Place = { readonly file: string; readonly line: number; readonly column: number };

/**
 * `fault`: it will not work, or the API server refuses it. `warning`: it works, and not as it was probably meant.
 * `note`: worth knowing, nothing has to be done.
 */
export type Severity = 'fault' | 'warning' | 'note';

/** One thing to say. `text` is place, value and rule in a clause, `remedy` a sentence; each without a line end. */
export type Message = {
  readonly severity: Severity;
  readonly place: Place;
  readonly text: string;
  readonly remedy: string;
};

const tones = { fault: 'failure', warning: 'warning', note: 'dim' } as const satisfies Record<Severity, Tone>;

/** Prints a message in one line, e.g. `ports.yaml:9:15: fault: ipa, ports[1].protocol is udp: must be TCP, UDP or SCTP, in capitals. Write UDP.` */
export function printMessage({ severity, place, text, remedy }: Message, paint: Paint): string {
  const where = paint('bold', `${place.file}:${place.line}:${place.column}:`);
  return `${where} ${paint(tones[severity], `${severity}:`)} ${text}. ${remedy}`;
}

/** Sorts by file, as the files were given, then by line and column; what is said twice of one place is kept once. */
export function sortMessages(messages: readonly Message[], files: readonly string[]): readonly Message[] {
  const seen = new Set<string>();
  return [...messages]
    .sort(
      (a, b) =>
        files.indexOf(a.place.file) - files.indexOf(b.place.file) ||
        a.place.line - b.place.line ||
        a.place.column - b.place.column,
    )
    .filter((message) => {
      const key = JSON.stringify(message);
      return !seen.has(key) && seen.add(key);
    });
}

/** How many there are of a severity. */
export function countOf(messages: readonly Message[], severity: Severity): number {
  return messages.filter((message) => message.severity === severity).length;
}
