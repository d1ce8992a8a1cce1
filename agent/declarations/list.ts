/**
 * The list under `ports`: each entry by the table of `ports`, repeated fields, unknown ones, and pairs that stand twice.
 * Everything wrong is reported, nothing stops at the first fault.
 */
import type { DeclaredPort } from '../plan/declaration.ts';
import { pathTo, type Report, readFields, spotOf } from './fields.ts';
import { ignoredFields, isPortField, type PortField, PROBE_FIELD, portFields, remedyForField } from './ports.ts';
import { readProbes } from './probes.ts';
import type { Field, Spot, Value } from './text.ts';

/** A list, read: what could be made of it, and the fields that were left aside. */
export type PortList = { readonly ports: readonly DeclaredPort[]; readonly ignored: readonly Field[] };

/** Reads the entries under `ports`. An entry that has a fault is left out: the whole ConfigMap is refused then. */
export function readPortList(items: readonly Value[], report: Report): PortList {
  const ports: DeclaredPort[] = [];
  const ignored: Field[] = [];
  const seen = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const path = `ports[${index}]`;
    if (item.kind !== 'mapping') {
      report({ spot: item.spot, field: path, ...notAnEntry(item) });
      continue;
    }
    const fields = readFields(item.fields, path, report);
    ignored.push(...ignoredFields.flatMap((name) => fields.get(name) ?? []));
    reportUnknown(fields, path, report);
    const port = readPort({ fields, path, spot: item.spot, report });
    if (port === undefined) continue;
    const pair = `${port.name}/${port.protocol}`;
    const first = seen.get(pair);
    if (first !== undefined) {
      report({
        spot: { ...(fields.get('name')?.spot ?? item.spot), shown: pair },
        field: path,
        rule: `each name and protocol may stand once, and ports[${first}] is that already`,
        remedy: 'Remove one of the two, or give it another name or protocol.',
      });
      continue;
    }
    seen.set(pair, index);
    ports.push(port);
  }
  return { ports, ignored };
}

function reportUnknown(fields: ReadonlyMap<string, Field>, path: string, report: Report): void {
  for (const [name, field] of fields) {
    if (isPortField(name)) continue;
    const rule = 'a port has no such field';
    report({ spot: spotOf(field), field: pathTo(path, name), rule, remedy: remedyForField(name) });
  }
}

function readPort(given: {
  readonly fields: ReadonlyMap<string, Field>;
  readonly path: string;
  readonly spot: Spot;
  readonly report: Report;
}): DeclaredPort | undefined {
  const { fields, path, spot, report } = given;
  let isWhole = true;
  const take = <T>(name: keyof DeclaredPort, rules: PortField<T>): T | undefined => {
    const value = fields.get(name)?.value();
    if (value === undefined) {
      if (!rules.isRequired) return undefined;
      const remedy = `Add ${name}, for example ${name}: ${rules.example}.`;
      report({ spot: { ...spot, shown: '' }, field: `${path}.${name}`, rule: 'is required', remedy });
      isWhole = false;
      return undefined;
    }
    const read = rules.read(value);
    switch (read.kind) {
      case 'read':
        return read.value;
      case 'default':
        return undefined;
      case 'refused':
        report({ spot: value.spot, field: `${path}.${name}`, rule: read.rule, remedy: read.remedy });
        isWhole = false;
        return undefined;
      default:
        return read satisfies never;
    }
  };
  const name = take('name', portFields.name);
  const protocol = take('protocol', portFields.protocol) ?? 'TCP';
  const port = take('port', portFields.port);
  const targetPort = take('targetPort', portFields.targetPort);
  const appProtocol = take('appProtocol', portFields.appProtocol);
  const probe = fields.get(PROBE_FIELD)?.value();
  const probes = probe === undefined ? [] : readProbes(probe, { path: `${path}.${PROBE_FIELD}`, protocol, report });
  if (name === undefined || port === undefined || probes === undefined || !isWhole) return undefined;
  return {
    name,
    protocol,
    port,
    ...(targetPort === undefined ? {} : { targetPort }),
    ...(appProtocol === undefined ? {} : { appProtocol }),
    ...(probes.length === 0 ? {} : { probes }),
  };
}

function notAnEntry(item: Value): { readonly rule: string; readonly remedy: string } {
  if (item.kind === 'refused') return item;
  return {
    rule: 'each entry must be a mapping with name and port',
    remedy: 'Write for example - { name: kerberos, protocol: UDP, port: 88 }.',
  };
}
