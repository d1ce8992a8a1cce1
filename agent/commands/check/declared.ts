/**
 * The declarations in a ConfigMap or in a fragment that stands alone, as the agent reads them, with the places of the
 * file. What they have to do with other objects is `services` and the others.
 */
import { type Fault, showText } from '../../declarations/faults.ts';
import { parseDeclarations } from '../../declarations/parse.ts';
import { parseText } from '../../declarations/text.ts';
import type { DeclaredPort } from '../../plan/declaration.ts';
import type { Fragment, KubeObject } from './input.ts';
import type { Message, Place } from './message.ts';
import { at, type NamedPart, type Part } from './part.ts';
import { createLocator, type InnerPlace, type Located } from './position.ts';

/** One declared Service. `pairs` is empty where the declaration has a fault: then it is not valid. */
export type DeclaredService = {
  readonly isValid: boolean;
  readonly service: string;
  readonly place: Place;
  readonly pairs: readonly DeclaredPair[];
};

/** One declared pair. `placeOf` a field is its value's place, or the pair's where it does not stand there. */
export type DeclaredPair = DeclaredPort & { readonly placeOf: (field: string) => Place };

/** What was read of one ConfigMap or file of fragments. */
export type Declared = { readonly services: readonly DeclaredService[]; readonly messages: readonly Message[] };

/** Reads a ConfigMap. */
export function readConfigMap({ root }: KubeObject): Declared {
  const messages: Message[] = [];
  const fragments: Fragment[] = [];
  const data = at(root, 'data');
  if (data !== undefined && data.kind !== 'mapping' && data.kind !== 'null') messages.push(noMapping(data));
  for (const field of data?.fields() ?? []) {
    const { name, place, value } = field;
    if (value.kind === 'text' || value.kind === 'null') {
      fragments.push({ service: name, place, text: String(value.value ?? ''), locate: createLocator(value) });
    } else messages.push(noText(field));
  }
  const binary = at(root, 'binaryData')?.fields() ?? [];
  for (const { name, place } of binary) messages.push(...faultsAt(place, parseDeclarations({}, { [name]: '' })));
  const read = readFragments(fragments);
  return { services: read.services, messages: [...messages, ...read.messages] };
}

/** Reads fragments. Each by itself, so that a fault in one does not hide what another has to do with its Service. */
export function readFragments(fragments: readonly Fragment[]): Declared {
  const read = fragments.map(readFragment);
  return { services: read.map(({ service }) => service), messages: read.flatMap(({ messages }) => messages) };
}

function readFragment(fragment: Fragment): {
  readonly service: DeclaredService;
  readonly messages: readonly Message[];
} {
  const { service, text, place } = fragment;
  const parsed = parseDeclarations({ [service]: text });
  if (parsed.kind === 'invalid') {
    const messages = parsed.faults.map((fault) => faultMessage(fault, fragment));
    return { service: { isValid: false, service, place, pairs: [] }, messages };
  }
  const ports = parsed.declarations.get(service)?.ports ?? [];
  const places = placesOfPairs(fragment);
  const pairs = ports.map((port, index) => ({ ...port, placeOf: places[index] ?? (() => place) }));
  const notices = parsed.notices.map(
    (text): Message => ({ severity: 'note', place, text, remedy: 'Nothing has to be done.' }),
  );
  return { service: { isValid: true, service, place, pairs }, messages: notices };
}

/** Of each entry under `ports` the places of its fields. */
function placesOfPairs({ service, text, locate }: Fragment): readonly DeclaredPair['placeOf'][] {
  const parsed = parseText(service, text);
  if (parsed.kind === 'invalid' || parsed.value.kind !== 'mapping') return [];
  const ports = parsed.value.fields.find(({ name }) => name === 'ports')?.value();
  if (ports?.kind !== 'list') return [];
  return ports.items.map((item) => (name) => {
    const field = item.kind === 'mapping' ? item.fields.find((one) => one.name === name) : undefined;
    return locate(parsed.placeOf(field?.value().spot ?? item.spot, '')).place;
  });
}

function faultMessage({ place, value, rule, remedy }: Fault, { service, locate, ...given }: Fragment): Message {
  const isOfKey = place.field === 'the key';
  const found: Located = isOfKey ? { place: given.place, kind: 'exact' } : locate(place);
  const what = place.field === '' ? '' : `, ${place.field}`;
  const is = value === '' ? '' : place.field === '' ? `, at "${value}"` : ` is ${value}`;
  const text = `${showText(service)}${what}${is}: ${rule}`;
  return { severity: 'fault', place: found.place, text: `${text}${innerPlace(place, found)}`, remedy };
}

/** Where the file's line says too little: the text stands in one line of JSON, or over lines that were joined. */
function innerPlace(inner: InnerPlace, { place, kind }: Located): string {
  const line = `line ${inner.line}`;
  switch (kind) {
    case 'exact':
      return inner.line > place.line ? ` (${line} of the text)` : '';
    case 'begins-here':
      return ` (${line}, column ${inner.column} of the text that begins here)`;
    case 'folded':
      return ` (${line}, column ${inner.column} of the text that begins here, in which ">" has joined lines: write "|")`;
    default:
      return kind satisfies never;
  }
}

function faultsAt(place: Place, parsed: ReturnType<typeof parseDeclarations>): readonly Message[] {
  if (parsed.kind === 'valid') return [];
  return parsed.faults.map((fault) => ({
    severity: 'fault',
    place,
    text: `${showText(fault.place.key)} ${fault.rule}`,
    remedy: fault.remedy,
  }));
}

function noMapping({ place, kind }: Part): Message {
  return {
    severity: 'fault',
    place,
    text: `data must be a mapping of Service names to texts, and this is a ${kind}; the API server refuses it`,
    remedy: 'Write a key for each Service, "ipa: |" for example, and the fragment indented below it.',
  };
}

function noText({ name, value }: NamedPart): Message {
  return {
    severity: 'fault',
    place: value.place,
    text: `${showText(name)}: under data each value must be a text, and this is a ${value.kind}; the API server refuses it`,
    remedy: `Write "${showText(name)}: |" and the fragment indented below it.`,
  };
}
