/** What an `httpGet` sends: its path and its headers (RFC 9110), each as the client takes them onto the wire. */
import type { HttpHeader } from '../plan/probe.ts';
import { pathTo, type Report, readFields, spotOf } from './fields.ts';
import { type Read, readText, type TextRule } from './read.ts';
import type { Value } from './text.ts';

const PATH = /^\/[!"$-~]*$/;

/** Reads a path, with its query if it has one. An empty one is `/`, as the API server reads it. */
export function readPath(value: Value): Read<string> {
  if (value.kind === 'text' && value.text === '') return { kind: 'default' };
  return readText(value, {
    test: (text) => PATH.test(text),
    words: 'a path that begins with "/", of printable ASCII without blanks and "#"',
    remedy: (text) => {
      if (/^https?:\/\//.test(text))
        return 'Write only what stands behind the host; scheme and port are fields of their own.';
      if (PATH.test(`/${text}`)) return `Write /${text}.`;
      return text.startsWith('/') ? 'Encode such a character as %20 and the like.' : 'Write for example /healthz.';
    },
  });
}

const name: TextRule = {
  test: (text) => /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/.test(text) && !ofConnection.includes(text.toLowerCase()),
  words: 'the name of a header (RFC 9110: letters, digits and "-") that does not belong to the connection itself',
  remedy: (text) => {
    if (ofConnection.includes(text.toLowerCase()))
      return 'Leave this header out: the agent sets what the connection needs.';
    return /^[-\w]+:/.test(text) ? 'Write the name without ":" and what follows.' : 'Write for example Host.';
  },
};

/** Headers by which a connection is run: a request without a body has no use for them, and the client refuses them. */
const ofConnection: readonly string[] = ['content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade'];

const text: TextRule = {
  test: (value) => /^[\t -~\u0080-\u00ff]*$/.test(value),
  words: 'a text in one line, of characters that a header can carry (RFC 9110, field-value)',
  remedy: (value) => (/[\r\n]/.test(value) ? 'Write it in one line.' : 'Leave out what is not Latin-1.'),
};

type Place = { readonly path: string; readonly report: Report };

/** Reads a list of headers. A header with a fault is left out, after it was reported. */
export function readHeaders(value: Value, { path, report }: Place): readonly HttpHeader[] {
  if (value.kind !== 'list') {
    const fault =
      value.kind === 'refused'
        ? { rule: value.rule, remedy: value.remedy }
        : { rule: 'must be a list of headers', remedy: 'Write for example [{ name: Host, value: ipa.example.com }].' };
    report({ ...fault, spot: value.spot, field: path });
    return [];
  }
  const headers = value.items.map((item, index) => readHeader(item, { path: `${path}[${index}]`, report }));
  const hosts = headers.flatMap((header, index) => (header?.name.toLowerCase() === 'host' ? [index] : []));
  for (const index of hosts.slice(1)) {
    const rule = `a request asks for one Host, and httpHeaders[${hosts[0]}] is that already`;
    report({ spot: value.items[index]?.spot ?? value.spot, field: `${path}[${index}]`, rule, remedy: 'Keep one.' });
  }
  return headers.filter((header) => header !== undefined);
}

function readHeader(value: Value, { path, report }: Place): HttpHeader | undefined {
  if (value.kind !== 'mapping') {
    const fault =
      value.kind === 'refused'
        ? { rule: value.rule, remedy: value.remedy }
        : {
            rule: 'each header must be a mapping with name and value',
            remedy: 'Write for example { name: Host, value: ipa.example.com }.',
          };
    report({ ...fault, spot: value.spot, field: path });
    return undefined;
  }
  const fields = readFields(value.fields, path, report);
  for (const [field, found] of fields) {
    if (field === 'name' || field === 'value') continue;
    const rule = 'a header has no such field';
    report({ spot: spotOf(found), field: pathTo(path, field), rule, remedy: 'A header has name and value.' });
  }
  const take = (field: 'name' | 'value', rule: TextRule): string | undefined => {
    const given = fields.get(field)?.value();
    if (given === undefined) {
      const remedy = `Add ${field}, for example ${field}: ${field === 'name' ? 'Host' : 'ipa.example.com'}.`;
      report({ spot: { ...value.spot, shown: '' }, field: `${path}.${field}`, rule: 'is required', remedy });
      return undefined;
    }
    const read = readText(given, rule);
    if (read.kind === 'refused') report({ ...read, spot: given.spot, field: `${path}.${field}` });
    return read.kind === 'read' ? read.value : undefined;
  };
  const header = { name: take('name', name), value: take('value', text) };
  return header.name === undefined || header.value === undefined
    ? undefined
    : { name: header.name, value: header.value };
}
