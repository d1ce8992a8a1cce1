/**
 * The rules for names, label keys and ports, with the server's sentences. Each rule returns what is wrong, or nothing.
 * Sources: RFC 1123, RFC 1035, RFC 6335; the answers of Kubernetes 1.37.2.
 */

/** A rule for a string: the reasons why it is refused; empty when it is fine. */
export type NameRule = (value: string) => readonly string[];

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const keyName = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelText = `(${keyName})?`;
const configKey = '[-._a-zA-Z0-9]+';

function matches(value: string, pattern: string): boolean {
  return new RegExp(`^(${pattern})$`).test(value);
}

function regexMessage(rule: string, pattern: string, ...examples: readonly string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return `${rule} (e.g. ${shown}regex used for validation is '${pattern}')`;
}

const byteLength = (value: string): number => Buffer.byteLength(value);
const atMost = (bytes: number): string => `must be no more than ${bytes} bytes`;

/** A DNS label in lower case: Service names, port names, hostnames. */
export const dnsLabel: NameRule = (value) => [
  ...(byteLength(value) > 63 ? [atMost(63)] : []),
  ...(matches(value, label)
    ? []
    : matches(value, subdomain)
      ? ['must not contain dots']
      : [
          regexMessage(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
            label,
            'my-name',
            '123-abc',
          ),
        ]),
];

/** A DNS subdomain in lower case: the names of most objects, nodes. */
export const dnsSubdomain: NameRule = (value) => [
  ...(byteLength(value) > 253 ? [atMost(253)] : []),
  ...(matches(value, subdomain)
    ? []
    : [
        regexMessage(
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
          subdomain,
          'example.com',
        ),
      ]),
];

const keyRule =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** A label key, `[prefix/]name`: labels, and annotations after lower-casing. */
export const labelKey: NameRule = (value) => {
  const parts = value.split('/');
  const [first = '', second] = parts;
  const pattern = regexMessage(keyRule, keyName, 'MyName', 'my.name', '123-abc');
  if (parts.length > 2) {
    return [`a valid label key ${pattern} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = second ?? first;
  const prefixFaults =
    second === undefined
      ? []
      : (first === '' ? ['must be non-empty'] : dnsSubdomain(first)).map((message) => `prefix part ${message}`);
  const lengthFault =
    name === '' ? ['name part must be non-empty'] : byteLength(name) > 63 ? [`name part ${atMost(63)}`] : [];
  return [...prefixFaults, ...lengthFault, ...(matches(name, keyName) ? [] : [`name part ${pattern}`])];
};

/** A label's value; empty is allowed. */
export const labelValue: NameRule = (value) => [
  ...(byteLength(value) > 63 ? [atMost(63)] : []),
  ...(matches(value, labelText)
    ? []
    : [
        regexMessage(
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
          labelText,
          'MyValue',
          'my_value',
          '12345',
        ),
      ]),
];

/** A key of a ConfigMap. */
export const configMapKey: NameRule = (value) => [
  ...(byteLength(value) > 253 ? [atMost(253)] : []),
  ...(matches(value, configKey)
    ? []
    : [
        regexMessage(
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
          configKey,
          'key.name',
          'KEY_NAME',
          'key-name',
        ),
      ]),
  ...(value === '.' ? ["must not be '.'"] : []),
  ...(value === '..' ? ["must not be '..'"] : value.startsWith('..') ? ["must not start with '..'"] : []),
];

/** A container port's name, and a named targetPort: at most 15 characters with a letter among them (RFC 6335). */
export const portName: NameRule = (value) => [
  ...(value.length > 15 ? ['must be no more than 15 characters'] : []),
  ...(matches(value, '[-a-z0-9]+') ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
  ...(/[a-z]/.test(value) ? [] : ['must contain at least one letter (a-z)']),
  ...(value.includes('--') ? ['must not contain consecutive hyphens'] : []),
  ...(/^-|-$/.test(value) ? ['must not begin or end with a hyphen'] : []),
];

/** A port number. */
export function portNumber(value: number): readonly string[] {
  return value >= 1 && value <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}

/** The transport protocols that the API accepts, as it lists them. */
export const protocols: readonly string[] = ['SCTP', 'TCP', 'UDP'];
