/**
 * From a place in the text that a YAML scalar holds to the place in the file. Indentation, folding, quotes and escapes
 * stand between the two; every way back is verified against the file, and where it does not fit, the scalar's own
 * beginning is the answer.
 */
import type { Place } from './message.ts';
import { type Part, placeOf } from './part.ts';

/** A place in the text of a scalar, both from 1. */
export type InnerPlace = { readonly line: number; readonly column: number };

/** Where that is in the file: that very character, or only where the text begins. `folded`: because its lines were joined. */
export type Located = { readonly place: Place; readonly kind: 'exact' | 'begins-here' | 'folded' };

/** Builds the way back for one scalar. */
export function createLocator(part: Part): (inner: InnerPlace) => Located {
  const exactly = findWay(part);
  const otherwise = part.scalar?.type === 'BLOCK_FOLDED' ? 'folded' : 'begins-here';
  return (inner) => {
    const place = exactly?.(inner);
    return place === undefined ? { place: part.place, kind: otherwise } : { place, kind: 'exact' };
  };
}

type Way = (inner: InnerPlace) => Place | undefined;

function findWay(part: Part): Way | undefined {
  // Nothing in it: there is no other place.
  if (String(part.value ?? '').trim() === '') return () => part.place;
  switch (part.scalar?.type) {
    case 'BLOCK_LITERAL':
    case 'BLOCK_FOLDED':
      return wayThroughBlock(part);
    case 'QUOTE_DOUBLE':
    case 'QUOTE_SINGLE':
    case 'PLAIN':
      return wayThroughFlow(part);
    default:
      return undefined;
  }
}

/**
 * Block scalars: each line of the text is a line of the file behind some blanks, the empty ones apart. Where lines were
 * folded into one, that does not hold, and there is no way.
 */
function wayThroughBlock(part: Part): Way | undefined {
  const [begin, end] = part.range;
  const { source, place } = part;
  const text = String(part.value);
  const below = source.text.slice(begin, end).split('\n').slice(1);
  const written = below.flatMap((line, index) => {
    const content = line.replace(/\r$/, '');
    return content.trim() === '' ? [] : [{ content, line: place.line + 1 + index }];
  });
  const lines = text.split('\n');
  const found = new Map<number, { readonly line: number; readonly indent: number; readonly length: number }>();
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const at = written[found.size];
    const indent = (at?.content.length ?? 0) - line.length;
    if (at === undefined || indent < 0 || !at.content.endsWith(line) || at.content.slice(0, indent).trim() !== '') {
      return undefined;
    }
    found.set(index, { line: at.line, indent, length: line.length });
  }
  return ({ line, column }) => {
    const at = found.get(line - 1);
    if (at !== undefined) return { file: place.file, line: at.line, column: at.indent + column };
    // An empty line, or the end of the text: behind the last that is written.
    const before = [...found].filter(([index]) => index < line - 1).at(-1)?.[1];
    if (before === undefined) return undefined;
    return { file: place.file, line: before.line, column: before.indent + before.length + 1 };
  };
}

/** Quoted and plain scalars: character by character, escapes and folded line ends resolved. */
function wayThroughFlow(part: Part): Way | undefined {
  const [begin, end] = part.range;
  const raw = part.source.text.slice(begin, end);
  const text = String(part.value);
  const offsets = offsetsOf(raw, text);
  if (offsets === undefined) return undefined;
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return ({ line, column }) => {
    const offset = offsets[(lineStarts[line - 1] ?? text.length) + column - 1];
    return placeOf(part.source, begin + (offset ?? raw.length - 1));
  };
}

/** An escape of YAML in double quotes; those of JSON are among them. */
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/y;
const escapes: Readonly<Record<string, string>> = {
  ...{ '0': '\0', a: '\u0007', b: '\b', t: '\t', '\t': '\t', n: '\n', v: '\v', f: '\f', r: '\r', e: '\u001b' },
  ...{ ' ': ' ', '"': '"', '/': '/', '\\': '\\', N: '\u0085', _: '\u00a0', L: '\u2028', P: '\u2029' },
};

/** For each character of `text` its offset in `raw`; undefined where the one does not lead to the other. */
function offsetsOf(raw: string, text: string): readonly number[] | undefined {
  const quote = raw.startsWith('"') ? '"' : raw.startsWith("'") ? "'" : '';
  const end = raw.length - quote.length;
  const offsets: number[] = [];
  let decoded = '';
  for (let offset = quote.length; offset < end; ) {
    const { piece, length } = nextPiece(raw, offset, quote);
    for (let index = 0; index < piece.length; index += 1) offsets.push(offset);
    decoded += piece;
    offset += length;
  }
  return decoded === text ? offsets : undefined;
}

/** Line ends with the blanks around them: one is a blank, of several all but the first are kept (YAML 1.2.2, 6.5). */
const FOLD = /[ \t]*\r?\n(?:[ \t]*\r?\n)*[ \t]*/y;
/** In double quotes, a line that ends in a backslash goes on in the next. */
const CONTINUED = /\\\r?\n[ \t]*/y;

function foldedPiece(raw: string, offset: number): { readonly piece: string; readonly length: number } | undefined {
  FOLD.lastIndex = offset;
  const found = FOLD.exec(raw)?.[0];
  if (found === undefined) return undefined;
  const breaks = found.split('\n').length - 1;
  return { piece: breaks === 1 ? ' ' : '\n'.repeat(breaks - 1), length: found.length };
}

function nextPiece(raw: string, offset: number, quote: string): { readonly piece: string; readonly length: number } {
  const folded = foldedPiece(raw, offset);
  if (folded !== undefined) return folded;
  if (quote === "'" && raw.startsWith("''", offset)) return { piece: "'", length: 2 };
  if (quote !== '"' || raw[offset] !== '\\') return { piece: raw[offset] ?? '', length: 1 };
  CONTINUED.lastIndex = offset;
  const continued = CONTINUED.exec(raw)?.[0];
  if (continued !== undefined) return { piece: '', length: continued.length };
  ESCAPE.lastIndex = offset;
  const [all = '\\', x, u, U, letter = ''] = ESCAPE.exec(raw) ?? [];
  const code = x ?? u ?? U;
  if (code === undefined) return { piece: escapes[letter] ?? '', length: all.length };
  const point = Number.parseInt(code, 16);
  return { piece: point <= 0x10ffff ? String.fromCodePoint(point) : '', length: all.length };
}
