/**
 * One key's text as YAML 1.2, with a place for everything in it. Knows YAML and its traps, nothing of ports: what
 * kubectl (YAML 1.1) and YAML 1.2 read differently is called ambiguous instead of being guessed.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, type YAMLError } from 'yaml';
import { type Fault, type Place, showText } from './faults.ts';

/** Where something stands in the text, and how the user wrote it. */
export type Spot = { readonly offset: number; readonly shown: string };

/** What a value in the text is. */
export type Value =
  | { readonly kind: 'text'; readonly text: string; readonly spot: Spot }
  | { readonly kind: 'integer'; readonly number: number; readonly spot: Spot }
  /** Nothing, `~` or `null`. */
  | { readonly kind: 'null'; readonly spot: Spot }
  | { readonly kind: 'list'; readonly items: readonly Value[]; readonly spot: Spot }
  | { readonly kind: 'mapping'; readonly fields: readonly Field[]; readonly spot: Spot }
  /** A bare word or number that YAML versions read differently; `source` as written. */
  | { readonly kind: 'ambiguous'; readonly source: string; readonly is: 'boolean' | 'number'; readonly spot: Spot }
  /** What we do not take anywhere; `rule` and `remedy` as in a fault. */
  | { readonly kind: 'refused'; readonly rule: string; readonly remedy: string; readonly spot: Spot };

/** One field of a mapping. Values are made when asked for: no text can be nested deeper than we look. */
export type Field = { readonly name: string; readonly spot: Spot; readonly value: () => Value };

/** A key's text, parsed: its one value, or why it is no YAML. `placeOf` turns a spot into a place. */
export type ParsedText =
  | { readonly kind: 'value'; readonly value: Value; readonly placeOf: (spot: Spot, field: string) => Place }
  | { readonly kind: 'invalid'; readonly faults: readonly Fault[] };

/** One slip makes many errors behind it: what comes later is read wrongly, so only this many are told. */
const MAX_ERRORS = 5;

/** Parses one key's text. Never throws, whatever the text. */
export function parseText(key: string, text: string): ParsedText {
  const lines = new LineCounter();
  // uniqueKeys: its check is quadratic; repeated fields are found by who reads the mapping.
  // logLevel: prints nothing in parseDocument, but 'silent' would hide that there is a second document.
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  const placeAt = (offset: number, field: string): Place => {
    const { line, col } = lines.linePos(Math.min(Math.max(0, offset), text.length));
    return { key, line: Math.max(1, line), column: Math.max(1, col), field };
  };
  const faults = document.errors.map((error): Fault => {
    const place = placeAt(error.pos[0], '');
    return { place, value: showText(lineAt(text, error.pos[0])), ...wordsOf(error) };
  });
  if (document.directives?.yaml.explicit === true) {
    faults.push({
      place: placeAt(0, ''),
      value: showText(lineAt(text, 0)),
      rule: 'a %YAML line is not taken: every key is read as YAML 1.2',
      remedy: 'Leave the line out.',
    });
  }
  if (faults.length > 0) return { kind: 'invalid', faults: firstOfEachLine(faults) };
  return {
    kind: 'value',
    value: readValue(document.contents, { text, offset: 0 }),
    placeOf: ({ offset }, field) => placeAt(offset, field),
  };
}

function firstOfEachLine(faults: readonly Fault[]): readonly Fault[] {
  const lines = new Map<number, Fault>();
  for (const fault of faults) if (!lines.has(fault.place.line)) lines.set(fault.place.line, fault);
  return [...lines.values()].slice(0, MAX_ERRORS);
}

function lineAt(text: string, offset: number): string {
  const begin = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  return text.slice(begin, end === -1 ? undefined : end).trim();
}

const INDENTATION = 'Indent the fields of one port alike and by spaces, with a space after "-" and after ":".';

/** YAML's own errors in the words of somebody who lists ports. What has no line here keeps the parser's words. */
const words: Readonly<Partial<Record<YAMLError['code'], { readonly rule: string; readonly remedy: string }>>> = {
  BAD_DQ_ESCAPE: { rule: 'the text in double quotes has an unknown escape', remedy: 'Use single quotes.' },
  BAD_INDENT: { rule: 'the indentation is wrong, or a bracket is not closed', remedy: INDENTATION },
  BAD_SCALAR_START: { rule: 'a value without quotes must not begin with @ or `', remedy: 'Quote the value.' },
  BLOCK_AS_IMPLICIT_KEY: {
    rule: 'there is a second ":" in one value, or the next line is not indented as it should be',
    remedy: `${INDENTATION} Quote a text that contains ": ".`,
  },
  MISSING_CHAR: {
    rule: 'something is missing here: a closing quote or bracket, a comma, or the space after ":"',
    remedy: 'Write "name: value" with a space after ":", and close what is open.',
  },
  MULTIPLE_DOCS: {
    rule: 'a key holds one document, and here a second one begins',
    remedy: 'Remove "---" or "..."; give each Service a key of its own.',
  },
  RESOURCE_EXHAUSTION: { rule: 'the text is nested too deeply', remedy: 'Write a plain list of ports.' },
  TAB_AS_INDENT: { rule: 'the indentation must be spaces, and here is a tab', remedy: 'Replace the tab by spaces.' },
};

function wordsOf({ code, message }: YAMLError): { readonly rule: string; readonly remedy: string } {
  return words[code] ?? { rule: `this is no YAML (${showText(message)})`, remedy: INDENTATION };
}

type Context = { readonly text: string; readonly offset: number };

/** `offset` of the context: where to point if there is no node at all. */
function readValue(node: unknown, { text, offset }: Context): Value {
  if (isAlias(node)) {
    return {
      kind: 'refused',
      rule: 'an alias (*name) is not taken',
      remedy: 'Write the value out.',
      spot: spotOf(node, { text, offset }),
    };
  }
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) return { kind: 'null', spot: { offset, shown: '' } };
  const spot = spotOf(node, { text, offset });
  if (node.tag !== undefined) {
    return { kind: 'refused', rule: 'a tag (!name) is not taken', remedy: 'Leave the tag out.', spot };
  }
  if (isSeq(node))
    return { kind: 'list', items: node.items.map((item) => readValue(item, { text, offset: spot.offset })), spot };
  if (isMap(node))
    return { kind: 'mapping', fields: node.items.map((pair) => fieldOf(pair, { text, offset: spot.offset })), spot };
  return scalarOf({ value: node.value, source: node.source ?? '', isPlain: node.type === 'PLAIN', spot });
}

function fieldOf(pair: Pair<unknown, unknown>, context: Context): Field {
  const { key, value } = pair;
  const spot = spotOf(key, context);
  const name = isScalar(key) && typeof key.value === 'string' ? key.value : spot.shown;
  return { name, spot, value: () => readValue(value, { text: context.text, offset: spot.offset }) };
}

function spotOf(node: unknown, { text, offset }: Context): Spot {
  const isNode = isAlias(node) || isScalar(node) || isMap(node) || isSeq(node);
  const range = isNode ? node.range : undefined;
  if (range === undefined || range === null) return { offset, shown: '' };
  return { offset: range[0], shown: showText(text.slice(range[0], range[1]).trim()) };
}

/** A whole number in plain decimal digits, the one notation that every YAML reads alike. */
const DECIMAL = /^-?(0|[1-9]\d*)$/;
/** What YAML 1.1 takes for a number and 1.2 for a text: underscores, binary, sexagesimal. */
const OLD_NUMBER = /^[-+]?(0b[01_]+|\d[\d_]*(\.[\d_]*)?|\d+(:[0-5]?\d)+(\.\d*)?)$/;
/** Booleans in YAML 1.1, which kubectl reads; in no other mixture of capitals. */
const BOOLEAN = /^([yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|true|True|TRUE|false|False|FALSE)$/;

function scalarOf(scalar: {
  readonly value: unknown;
  readonly source: string;
  readonly isPlain: boolean;
  readonly spot: Spot;
}): Value {
  const { value, source, isPlain, spot } = scalar;
  if (!isPlain) return { kind: 'text', text: String(value), spot };
  if (value === null) return { kind: 'null', spot };
  if (DECIMAL.test(source)) return { kind: 'integer', number: Number(source), spot };
  if (BOOLEAN.test(source)) return { kind: 'ambiguous', source, is: 'boolean', spot };
  if (typeof value === 'number' || OLD_NUMBER.test(source)) return { kind: 'ambiguous', source, is: 'number', spot };
  return { kind: 'text', text: String(value), spot };
}
