/**
 * One file to what it holds: the objects of Kubernetes in it, or fragments of declarations that stand alone. YAML with
 * one or many documents, a `kind: List`, JSON.
 */
import { LineCounter, parseAllDocuments, type YAMLError } from 'yaml';
import { showText } from '../../declarations/faults.ts';
import { dnsLabel } from '../../names.ts';
import { nearestName } from '../../nearest.ts';
import type { Message, Place } from './message.ts';
import { itemsAt, type NamedPart, type Part, placeOf, rootOf, type Source, textAt } from './part.ts';
import { createLocator, type InnerPlace, type Located } from './position.ts';

/** One object. `namespace` is undefined where the file does not say it. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly root: Part;
};

/** The text that one Service's declaration is read from, and the way from a place in it to the place in the file. */
export type Fragment = {
  readonly service: string;
  readonly text: string;
  /** Where it begins: its key, or the file. */
  readonly place: Place;
  readonly locate: (inner: InnerPlace) => Located;
};

/** What a file holds. */
export type Input = {
  readonly file: string;
  readonly objects: readonly KubeObject[];
  readonly fragments: readonly Fragment[];
  readonly messages: readonly Message[];
};

/** Reads one file's text. Never throws, whatever the text. */
export function readInput(file: string, text: string): Input {
  const source: Source = { file, text, lines: new LineCounter() };
  // kubectl reads YAML 1.1: its booleans, its merge keys.
  const parsed = parseAllDocuments(text, {
    lineCounter: source.lines,
    version: '1.1',
    prettyErrors: false,
    logLevel: 'error',
  });
  const documents = Array.isArray(parsed) ? parsed : [];
  const broken = documents.filter(({ errors }) => errors.length > 0);
  if (broken.length > 0 && looksLikeFragment(text)) return { ...empty(file), fragments: [wholeFile(source)] };
  const roots = documents.flatMap((document) => (document.errors.length > 0 ? [] : (rootOf(document, source) ?? [])));
  // Documents of nothing but ports are the text of one key, which holds one document: they are told so.
  if (roots.length > 1 && roots.every(isFragment)) return { ...empty(file), fragments: [wholeFile(source)] };
  const objects: KubeObject[] = [];
  const fragments: Fragment[] = [];
  const messages: Message[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined) {
      messages.push(yamlFault(error, source));
      continue;
    }
    const root = rootOf(document, source);
    if (root === undefined || root.kind === 'null' || isJsonPatch(root)) continue;
    const found = objectsIn(root, 0);
    const bare = found.length === 0 ? fragmentsIn(root, documents.length) : [];
    objects.push(...found);
    fragments.push(...bare);
    if (found.length === 0 && bare.length === 0) messages.push(stranger(root));
  }
  return { file, objects, fragments, messages };
}

function empty(file: string): Input {
  return { file, objects: [], fragments: [], messages: [] };
}

/** A List in a List in a List is a document that refers to itself. */
const MAX_LISTS = 3;

function objectsIn(root: Part, depth: number): readonly KubeObject[] {
  const kind = textAt(root, 'kind');
  const apiVersion = textAt(root, 'apiVersion');
  if (kind === undefined || apiVersion === undefined) return [];
  if (kind.endsWith('List') && root.field('items')?.kind === 'list') {
    return depth < MAX_LISTS ? itemsAt(root, 'items').flatMap((item) => objectsIn(item, depth + 1)) : [];
  }
  const name = textAt(root, 'metadata', 'name') ?? '';
  return [{ apiVersion, kind, name, namespace: textAt(root, 'metadata', 'namespace'), root }];
}

/** What a kustomization applies to another object (RFC 6902). */
function isJsonPatch(root: Part): boolean {
  const items = root.items();
  return items.length > 0 && items.every((item) => item.field('op') !== undefined && item.field('path') !== undefined);
}

/** A document without kind and apiVersion: one Service's fragment, or a mapping of Services to fragments. */
function fragmentsIn(root: Part, documentCount: number): readonly Fragment[] {
  if (['kind', 'apiVersion', 'metadata', 'spec'].some((name) => root.field(name) !== undefined)) return [];
  const fields = root.fields();
  if (isFragment(root) || isMisspelt(fields)) return [documentCount === 1 ? wholeFile(root.source) : oneOfMany(root)];
  if (!fields.every(({ value }) => isFragment(value))) return [];
  return fields.map(({ name, value, place }) => {
    const given = { service: name, place };
    if (value.kind === 'text') return { ...given, text: String(value.value), locate: createLocator(value) };
    return { ...given, text: alone(value), locate: sameIn(value.source) };
  });
}

/** For a text that has its places from the file. */
function sameIn({ file }: Source): Fragment['locate'] {
  return (inner) => ({ place: { file, ...inner }, kind: 'exact' });
}

function isFragment(part: Part): boolean {
  if (part.kind === 'mapping') return part.field('ports') !== undefined;
  if (part.kind === 'text') return /^ports[ \t]*:/m.test(String(part.value));
  const items = part.items();
  return (
    items.length > 0 && items.every((item) => item.field('name') !== undefined && item.field('port') !== undefined)
  );
}

/** A single list of ports under a name that is nearly `ports`: a slip, and no Service of that name. */
function isMisspelt(fields: readonly NamedPart[]): boolean {
  const [only, ...others] = fields;
  if (only === undefined || others.length > 0 || only.value.kind !== 'list') return false;
  return isFragment(only.value) && nearestName(only.name, ['ports']) !== undefined;
}

/** The file with blanks for all that stands before the part: lines and columns stay what they are. */
function alone({ source, range: [begin, end] }: Part): string {
  return `${source.text.slice(0, begin).replace(/[^\r\n]/g, ' ')}${source.text.slice(begin, end)}`;
}

function wholeFile(source: Source): Fragment {
  return { service: serviceOf(source), text: source.text, place: placeOf(source, 0), locate: sameIn(source) };
}

function oneOfMany(root: Part): Fragment {
  const { source, place } = root;
  return { service: serviceOf(source), text: alone(root), place, locate: sameIn(source) };
}

/** A file of one fragment is mostly called like its Service. */
function serviceOf({ file }: Source): string {
  const name = file.replace(/^.*[/\\]/, '').replace(/\.\w+$/, '');
  return dnsLabel.test(name) ? name : 'service';
}

/** What is no YAML can be told only by its words. */
function looksLikeFragment(text: string): boolean {
  return /^ports[ \t]*:/m.test(text) && !/^(kind|apiVersion|data|spec)[ \t]*:/m.test(text) && !/^\{/.test(text);
}

const UNSEEN = 'the rest of this document was not looked at';

function yamlFault(error: YAMLError, source: Source): Message {
  const place = placeOf(source, error.pos[0]);
  const { text, remedy } = wordsOf(error, source.text);
  const isTemplate = /\{\{/.test(source.text);
  return {
    severity: 'fault',
    place,
    text: `this is no YAML: ${text}`,
    remedy: isTemplate
      ? 'It is a template: render it first, for example helm template … | endpoint-registrar check -.'
      : `${remedy}; ${UNSEEN}.`,
  };
}

/**
 * The parser sees what a slip leads to; where the text shows the slip itself, that is told. Never a whole line of it:
 * what is no YAML may be a Secret.
 */
function wordsOf({ code, message, pos }: YAMLError, text: string): { readonly text: string; readonly remedy: string } {
  const [begin] = pos;
  const line = text.slice(text.lastIndexOf('\n', begin - 1) + 1).split('\n', 1)[0] ?? '';
  if (/^ *\t/.test(line)) {
    return { text: 'the indentation must be spaces, and here is a tab', remedy: 'Replace the tab by spaces' };
  }
  if (code === 'DUPLICATE_KEY') {
    const name = /^("[^"\n]*"|'[^'\n]*'|[^:\n]*)/.exec(text.slice(begin))?.[1]?.trim() ?? '';
    const words = `${showText(name)} stands twice in one mapping`;
    return { text: words, remedy: 'Remove one of the two, or give it another name' };
  }
  return { text: message.replace(/\.$/, ''), remedy: 'Correct this line or the one before it' };
}

function stranger(root: Part): Message {
  return {
    severity: 'warning',
    place: root.place,
    text: 'this document is neither an object of Kubernetes (apiVersion, kind) nor a fragment with ports; it was left aside',
    remedy: 'Leave it out, or give it apiVersion and kind.',
  };
}
