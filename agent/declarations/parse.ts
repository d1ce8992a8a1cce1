/**
 * The ConfigMap's text to declarations, or every fault in it at once. Pure; what follows from an invalid one is
 * `newest`. The rules of a single port are `ports`, YAML's own `text`.
 */
import { dnsLabel } from '../names.ts';
import { nearestName } from '../nearest.ts';
import type { Declaration, Declarations } from '../plan/declaration.ts';
import { type Fault, showText, sortFaults } from './faults.ts';
import { pathTo, type Report, readFields, spotOf } from './fields.ts';
import { type PortList, readPortList } from './list.ts';
import { readBoolean } from './read.ts';
import { type Field, type ParsedText, parseText, type Value } from './text.ts';

/** A whole ConfigMap, read. `notices` say what was left aside; nothing is wrong with it. */
export type ParsedDeclarations =
  | { readonly kind: 'valid'; readonly declarations: Declarations; readonly notices: readonly string[] }
  | { readonly kind: 'invalid'; readonly faults: readonly Fault[] };

/** What stands under `data` or `binaryData` of a ConfigMap. */
export type ConfigMapTexts = Readonly<Record<string, string>> | undefined;

/**
 * Parses a ConfigMap: one key a Service, its value a mapping with `ports`. Never throws; the same ConfigMap gives the
 * same faults in the same order. A ConfigMap without keys is valid and declares nothing.
 */
export function parseDeclarations(data: ConfigMapTexts, binaryData?: ConfigMapTexts): ParsedDeclarations {
  const faults: Fault[] = Object.keys(binaryData ?? {}).map(refuseBinary);
  const notices: string[] = [];
  const declarations = new Map<string, Declaration>();
  const keys = Object.entries(data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, text] of keys) {
    faults.push(...checkKey(key));
    const report = (fault: Fault) => faults.push(fault);
    const { ignored, ...fragment } = readKey(key, parseText(key, text), report);
    declarations.set(key, { service: key, ...fragment });
    if (ignored.length > 0) notices.push(noticeOf(key, ignored));
  }
  if (faults.length > 0) return { kind: 'invalid', faults: sortFaults(faults) };
  return { kind: 'valid', declarations, notices };
}

/** What one key says; `ignored` are the fields that were left aside. */
type Fragment = PortList & Pick<Declaration, 'publishNotReadyAddresses'>;

const nothing: Fragment = { ports: [], ignored: [] };

function readKey(key: string, parsed: ParsedText, add: (fault: Fault) => void): Fragment {
  if (parsed.kind === 'invalid') {
    for (const fault of parsed.faults) add(fault);
    return nothing;
  }
  const report: Report = ({ spot, field, rule, remedy }) =>
    add({ place: parsed.placeOf(spot, field), value: spot.shown, rule, remedy });
  return readFragment(key, parsed.value, report);
}

/** The fragment's fields: `ports`, and `publishNotReadyAddresses` beside it. */
function readFragment(key: string, value: Value, report: Report): Fragment {
  const { spot } = value;
  if (value.kind === 'null') {
    report({
      spot,
      field: '',
      rule: 'the key has no content; it must be a mapping with ports',
      remedy: `List the ports, or write "ports: []" to withdraw from ${showText(key)}, or remove the key.`,
    });
    return nothing;
  }
  if (value.kind === 'refused') {
    report({ spot, field: '', rule: value.rule, remedy: value.remedy });
    return nothing;
  }
  if (value.kind !== 'mapping') {
    const remedy =
      value.kind === 'list' ? 'Put a line "ports:" above the list.' : 'Write "ports:" and the list of ports.';
    report({ spot, field: '', rule: 'the content of a key must be a mapping with ports', remedy });
    return nothing;
  }
  const manifest = value.fields.find(({ name }) => manifestFields.includes(name));
  if (manifest !== undefined) {
    report({
      spot: manifest.spot,
      field: '',
      rule: 'a key holds only the ports, not the whole Service',
      remedy:
        'Keep the ports list that stands under spec, with "ports:" at the beginning of its line, and leave out the rest.',
    });
    return nothing;
  }
  const fields = readFields(value.fields, '', report);
  for (const [name, field] of fields)
    if (!fragmentFields.includes(name)) report({ spot: spotOf(field), field: pathTo('', name), ...strayField(name) });
  const items = readPortsField(key, fields.get('ports'), report);
  const publishNotReadyAddresses = readFlag(fields.get('publishNotReadyAddresses'), report);
  return {
    ...(items === undefined ? nothing : readPortList(items, report)),
    ...(publishNotReadyAddresses === undefined ? {} : { publishNotReadyAddresses }),
  };
}

function readFlag(field: Field | undefined, report: Report): boolean | undefined {
  if (field === undefined) return undefined;
  const value = field.value();
  const read = readBoolean(value);
  if (read.kind === 'refused') report({ ...read, spot: value.spot, field: field.name });
  return read.kind === 'read' ? read.value : undefined;
}

/** The list under `ports`. Undefined where there is none to read; then a fault says why. */
function readPortsField(key: string, field: Field | undefined, report: Report): readonly Value[] | undefined {
  const withdraw = `List the ports, or write "ports: []" to withdraw from ${showText(key)}.`;
  if (field === undefined) {
    report({ spot: { offset: 0, shown: '' }, field: 'ports', rule: 'is required', remedy: withdraw });
    return undefined;
  }
  const value = field.value();
  if (value.kind === 'list') return value.items;
  if (value.kind === 'refused') report({ spot: value.spot, field: 'ports', rule: value.rule, remedy: value.remedy });
  else if (value.kind === 'null')
    report({
      spot: { ...field.spot, shown: '' },
      field: 'ports',
      rule: 'must be a list, and has no value',
      remedy: withdraw,
    });
  else report({ spot: value.spot, field: 'ports', rule: 'must be a list', remedy: 'Begin each port with "- ".' });
  return undefined;
}

/** What a fragment may hold. */
const fragmentFields: readonly string[] = ['ports', 'publishNotReadyAddresses'];

/** Where one of these stands at the top, a Service manifest was pasted with more than its ports. */
const manifestFields: readonly string[] = ['apiVersion', 'kind', 'metadata', 'spec'];

/** Fields that stand beside `ports` in a Service's spec, and stay there. */
const serviceFields: readonly string[] = [
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'externalName',
  'externalTrafficPolicy',
  'internalTrafficPolicy',
  'ipFamilies',
  'ipFamilyPolicy',
  'selector',
  'sessionAffinity',
  'type',
];

function strayField(name: string): { readonly rule: string; readonly remedy: string } {
  const rule = 'there is no such field beside ports';
  if (serviceFields.includes(name)) return { rule, remedy: 'Leave it out: it stays in the Service itself.' };
  const near = nearestName(name, fragmentFields);
  return { rule, remedy: near === undefined ? 'Leave it out.' : `Did you mean ${near}?` };
}

/** A Service's name is a DNS label: RFC 1035 until Kubernetes 1.36, RFC 1123 since (KEP-5311). */
function checkKey(key: string): readonly Fault[] {
  if (dnsLabel.test(key)) return [];
  const bare = key.replace(/\.(ya?ml|json|txt|conf)$/i, '').toLowerCase();
  return [
    {
      place: { key, line: 1, column: 1, field: 'the key' },
      value: showText(key),
      rule: `must be the name of a Service, ${dnsLabel.words}`,
      remedy: dnsLabel.test(bare) ? `Rename the key to ${bare}.` : 'Rename the key to the name of the Service.',
    },
  ];
}

function refuseBinary(key: string): Fault {
  return {
    place: { key, line: 1, column: 1, field: '' },
    value: '',
    rule: 'stands under binaryData: it is not text in UTF-8',
    remedy: 'Save it as UTF-8 text, or take it out of this ConfigMap.',
  };
}

function noticeOf(key: string, ignored: readonly Field[]): string {
  const names = [...new Set(ignored.map(({ name }) => name))].join(', ');
  const count = ignored.length === 1 ? 'once' : `${ignored.length} times`;
  return `key ${key}: ${names} (${count}) is left aside: there is no SRV record of it`;
}
