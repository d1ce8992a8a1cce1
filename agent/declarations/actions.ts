/**
 * The actions of a probe and the fields of each, with their rules: those of the Kubernetes probe schema where it has
 * the action, and what the kubelet lacks.
 */
import { nearestName } from '../nearest.ts';
import type { Protocol } from '../plan/declaration.ts';
import type { ProbeAction } from '../plan/probe.ts';
import { pathTo, type Report, readFields, spotOf } from './fields.ts';
import { readHeaders, readPath } from './http.ts';
import { type Read, readPortOrName, readText, readWord } from './read.ts';
import type { Field, Value } from './text.ts';

/** Where an action stands, e.g. `ports[2].probe.httpGet`, and the pair's own protocol. */
export type ActionPlace = { readonly path: string; readonly protocol: Protocol; readonly report: Report };

/** The fields of an action, opened for reading. */
type Opened = {
  /** Reads a field that may be absent. */
  readonly take: <T>(name: string, read: (value: Value) => Read<T>) => T | undefined;
  /** Says that a field is missing. */
  readonly lack: (name: string, fault: { readonly rule: string; readonly remedy: string }) => void;
  readonly field: (name: string) => Field | undefined;
};

type ActionRule = {
  readonly fields: readonly string[];
  /** Undefined where what is left says nothing; then a fault says why. */
  readonly read: (opened: Opened, place: ActionPlace) => ProbeAction | undefined;
};

/** Every action by its name in the probe schema. */
export const actionRules = {
  httpGet: { fields: ['path', 'port', 'scheme', 'httpHeaders'], read: readHttpGet },
  tcpSocket: { fields: ['port'], read: (opened) => ({ kind: 'tcpSocket', ...portOf(opened) }) },
  udp: { fields: ['send', 'expect', 'port'], read: readUdp },
  kerberos: { fields: ['realm', 'transport', 'port'], read: readKerberos },
  kpasswd: {
    fields: ['transport', 'port'],
    read: (opened, place) => ({ kind: 'kpasswd', ...transportOf(opened, place), ...portOf(opened) }),
  },
  ldap: { fields: ['port'], read: (opened) => ({ kind: 'ldap', ...portOf(opened) }) },
} as const satisfies Readonly<Record<ProbeAction['kind'], ActionRule>>;

/** The fields of all actions. */
export const allActionFields: ReadonlySet<string> = new Set(Object.values(actionRules).flatMap(({ fields }) => fields));

/** Whether an action is called so. */
export function isActionName(name: string): name is ProbeAction['kind'] {
  return Object.hasOwn(actionRules, name);
}

/** Reads one action; nothing under it (`kerberos:`) is as good as `{}`. Undefined where it says nothing that could be used. */
export function readAction(name: ProbeAction['kind'], value: Value, place: ActionPlace): ProbeAction | undefined {
  const { path, report } = place;
  const rule: ActionRule = actionRules[name];
  if (value.kind !== 'mapping' && value.kind !== 'null') {
    const fault =
      value.kind === 'refused'
        ? { rule: value.rule, remedy: value.remedy }
        : {
            rule: `must be a mapping with ${rule.fields.join(', ')}`,
            remedy: `Write for example ${name}: ${exampleOf(name)}.`,
          };
    report({ ...fault, spot: value.spot, field: path });
    return undefined;
  }
  const fields = readFields(value.kind === 'mapping' ? value.fields : [], path, report);
  for (const [field, found] of fields) {
    if (rule.fields.includes(field)) continue;
    report({ spot: spotOf(found), field: pathTo(path, field), ...strayField(name, field) });
  }
  const opened: Opened = {
    field: (field) => fields.get(field),
    lack: (field, fault) => report({ ...fault, spot: { ...value.spot, shown: '' }, field: pathTo(path, field) }),
    take: (field, read) => {
      const found = fields.get(field)?.value();
      if (found === undefined) return undefined;
      const taken = read(found);
      if (taken.kind === 'refused') report({ ...taken, spot: found.spot, field: pathTo(path, field) });
      return taken.kind === 'read' ? taken.value : undefined;
    },
  };
  return rule.read(opened, place);
}

function exampleOf(name: ProbeAction['kind']): string {
  return name === 'udp' ? `{ send: ${EXAMPLE_BYTES} }` : '{}';
}

function strayField(action: ProbeAction['kind'], name: string): { readonly rule: string; readonly remedy: string } {
  if (name === 'host') {
    const remedy = 'Leave it out.';
    return {
      rule: "a probe goes to the pod's own IP",
      remedy:
        action === 'httpGet'
          ? `${remedy} The name that a request asks for is a header: httpHeaders: [{ name: Host, value: ipa.example.com }].`
          : remedy,
    };
  }
  const { fields }: ActionRule = actionRules[action];
  const rule = `${action} has no such field`;
  const near = nearestName(name, fields);
  return { rule, remedy: near === undefined ? `Leave it out; it has ${fields.join(', ')}.` : `Did you mean ${near}?` };
}

function portOf({ take }: Opened): { readonly port?: number | string } {
  const port = take('port', (value) => readPortOrName(value, 88));
  return port === undefined ? {} : { port };
}

function readHttpGet(opened: Opened, { path, report }: ActionPlace): ProbeAction {
  const headers = opened.field('httpHeaders');
  return {
    kind: 'httpGet',
    scheme:
      opened.take('scheme', (value) => readWord(value, ['HTTP', 'HTTPS'], 'HTTP or HTTPS, in capitals')) ?? 'HTTP',
    path: opened.take('path', readPath) ?? '/',
    headers: headers === undefined ? [] : readHeaders(headers.value(), { path: pathTo(path, 'httpHeaders'), report }),
    ...portOf(opened),
  };
}

const EXAMPLE_BYTES = 'AAEC';
/** What one datagram over IPv4 can carry. */
const MAX_DATAGRAM_BYTES = 65_507;

function readUdp(opened: Opened): ProbeAction | undefined {
  const send = opened.take('send', (value) => readBytes(value));
  const expect = opened.take('expect', (value) => {
    const isNone = value.kind === 'text' && value.text === '';
    return isNone ? { kind: 'default' as const } : readBytes(value);
  });
  const port = portOf(opened);
  if (opened.field('send') === undefined) {
    const remedy = `Add the bytes of a request that the service answers, in base64: send: ${EXAMPLE_BYTES}.`;
    opened.lack('send', { rule: 'is required', remedy });
  }
  return send === undefined ? undefined : { kind: 'udp', send, ...(expect === undefined ? {} : { expect }), ...port };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function readBytes(value: Value): Read<Uint8Array> {
  const read = readText(value, {
    // What stands in the bits that padding leaves over is lost on the way back: then somebody has cut or mistyped it.
    test: (text) =>
      text !== '' &&
      text.length <= (MAX_DATAGRAM_BYTES * 4) / 3 + 4 &&
      BASE64.test(text) &&
      Buffer.from(text, 'base64').toString('base64') === text &&
      Buffer.from(text, 'base64').length <= MAX_DATAGRAM_BYTES,
    words: `1 to ${MAX_DATAGRAM_BYTES} bytes in base64 (RFC 4648, with "=" at the end where it belongs), in one line`,
    remedy: (text) =>
      text === '' ? `Write for example ${EXAMPLE_BYTES}.` : 'Encode the bytes, for example: printf hello | base64 -w0.',
  });
  return read.kind === 'read' ? { kind: 'read', value: new Uint8Array(Buffer.from(read.value, 'base64')) } : read;
}

/** A domain style realm (RFC 4120, 6.1): the style that a realm has which is to be found by DNS. */
const REALM = /^[A-Za-z0-9]([-_.A-Za-z0-9]{0,253}[A-Za-z0-9])?$/;

function readKerberos(opened: Opened, place: ActionPlace): ProbeAction {
  const realm = opened.take('realm', (value) =>
    readText(value, {
      test: (text) => REALM.test(text),
      words: 'a realm: at most 255 letters, digits, "-", "_" or ".", beginning and ending with a letter or digit',
      remedy: () => 'Write for example IPA.EXAMPLE.COM, or leave it out.',
    }),
  );
  return {
    kind: 'kerberos',
    ...(realm === undefined ? {} : { realm }),
    ...transportOf(opened, place),
    ...portOf(opened),
  };
}

const transports = ['TCP', 'UDP'] as const;

/** Only an SCTP pair has to say it: of the two that Kerberos knows, SCTP is none. */
function transportOf(opened: Opened, { protocol }: ActionPlace): { readonly transport?: 'TCP' | 'UDP' } {
  const transport = opened.take('transport', (value) => readWord(value, transports, 'TCP or UDP, in capitals'));
  if (transport !== undefined) return { transport };
  const given = opened.field('transport')?.value();
  const isAbsent = given === undefined || (given.kind === 'text' && given.text === '');
  if (protocol === 'SCTP' && isAbsent) {
    opened.lack('transport', {
      rule: 'is required where the pair itself is SCTP',
      remedy: 'Write transport: TCP or transport: UDP.',
    });
  }
  return {};
}
