/** What the server refuses in an object, and in which words; every case was seen on Kubernetes 1.37.2. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isRefusal } from './admin/admin.ts';
import type { JsonObject } from './objects/json.ts';
import { type EmbeddedApiServer, startApiServer } from './server.ts';

let server: EmbeddedApiServer;

before(async () => {
  server = await startApiServer({ controllersOff: ['mirroring', 'endpoints', 'endpointSlices'] });
});

after(() => server.close());

/** The part after `is invalid: ` of the refusal, or `accepted`. */
function verdict(object: JsonObject): string {
  try {
    server.admin.put(object);
    return 'accepted';
  } catch (error) {
    if (isRefusal(error, 422))
      return error.message.slice(error.message.indexOf('is invalid: ') + 'is invalid: '.length);
    throw error;
  }
}

let count = 0;
const named = (kind: string, change: JsonObject): JsonObject => {
  count += 1;
  return { kind, metadata: { name: `o-${count}` }, ...change };
};
const endpoints = (...subsets: readonly JsonObject[]): JsonObject => named('Endpoints', { subsets });
const slice = (change: JsonObject): JsonObject => named('EndpointSlice', { addressType: 'IPv4', ...change });
const service = (spec: JsonObject): JsonObject => named('Service', { spec });
const at = (...addresses: readonly JsonObject[]): JsonObject => ({ addresses, ports: [{ name: 'a', port: 88 }] });
const kerberosTwice = (second: string): readonly JsonObject[] => [
  { name: 'kerberos', port: 88, protocol: 'TCP' },
  { name: 'kerberos', port: 88, protocol: second },
];
const many = (length: number): readonly JsonObject[] =>
  Array.from({ length }, (_, index) => ({ addresses: [`10.1.${index >> 8}.${index & 255}`] }));

const labelRule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const keyRule =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const cases: readonly { name: string; given: () => JsonObject; expect: string }[] = [
  {
    name: 'Endpoints: one name over TCP and UDP',
    given: () => endpoints({ ...at({ ip: '10.1.1.1' }), ports: kerberosTwice('UDP') }),
    expect: 'accepted',
  },
  {
    name: 'Endpoints: one name twice over TCP',
    given: () => endpoints({ ...at({ ip: '10.1.1.1' }), ports: kerberosTwice('TCP') }),
    expect: 'accepted',
  },
  {
    name: 'Endpoints: one address twice, also ready and not ready',
    given: () => endpoints({ ...at({ ip: '10.1.1.1' }, { ip: '10.1.1.1' }), notReadyAddresses: [{ ip: '10.1.1.1' }] }),
    expect: 'accepted',
  },
  {
    name: 'Endpoints: 5000 addresses',
    given: () => endpoints(at(...many(5000).map((_, index) => ({ ip: `10.${index >> 8}.0.${index & 255}` })))),
    expect: 'accepted',
  },
  {
    name: 'Endpoints: a loopback address',
    given: () => endpoints(at({ ip: '127.0.0.1' })),
    expect:
      'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  },
  {
    name: 'Endpoints: leading zeros',
    given: () => endpoints(at({ ip: '010.0.0.1' })),
    expect: 'subsets[0].addresses[0].ip: Invalid value: "010.0.0.1": must not have leading 0s',
  },
  {
    name: 'Endpoints: no address at all',
    given: () => endpoints(at({ ip: 'x' })),
    expect:
      '[subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff), subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address]',
  },
  {
    name: 'Endpoints: a hostname with dots',
    given: () => endpoints(at({ ip: '10.1.1.1', hostname: 'a.b' })),
    expect: 'subsets[0].addresses[0].hostname: Invalid value: "a.b": must not contain dots',
  },
  {
    name: 'Endpoints: a hostname that is no DNS name at all',
    given: () => endpoints(at({ ip: '10.1.1.1', hostname: 'A.b' })),
    expect: `subsets[0].addresses[0].hostname: Invalid value: "A.b": ${labelRule}`,
  },
  {
    name: 'Service: headless and NodePort',
    given: () => service({ clusterIP: 'None', type: 'NodePort', ports: [{ port: 88 }] }),
    expect: 'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
  },
  {
    name: 'Service: an ExternalName with a cluster IP',
    given: () => service({ type: 'ExternalName', externalName: 'a.b', clusterIP: 'None' }),
    expect: 'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
  },
  {
    name: 'Endpoints: two ports without names',
    given: () => endpoints({ ...at({ ip: '10.1.1.1' }), ports: [{ port: 1 }, { port: 2 }] }),
    expect: '[subsets[0].ports[0].name: Required value, subsets[0].ports[1].name: Required value]',
  },
  {
    name: 'Endpoints: a port out of range, another protocol',
    given: () => endpoints({ ...at({ ip: '10.1.1.1' }), ports: [{ port: 70000, protocol: 'X' }] }),
    expect:
      '[subsets[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive, subsets[0].ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"]',
  },
  {
    name: 'EndpointSlice: one name over TCP and UDP',
    given: () => slice({ ports: kerberosTwice('UDP') }),
    expect: 'ports[1].name: Duplicate value: "kerberos"',
  },
  { name: 'EndpointSlice: 1000 endpoints', given: () => slice({ endpoints: many(1000) }), expect: 'accepted' },
  {
    name: 'EndpointSlice: 1001 endpoints',
    given: () => slice({ endpoints: many(1001) }),
    expect: 'endpoints: Too many: 1001: must have at most 1000 items',
  },
  {
    name: 'EndpointSlice: no address type',
    given: () => slice({ addressType: '' }),
    expect: 'addressType: Required value',
  },
  {
    name: 'EndpointSlice: an endpoint without addresses',
    given: () => slice({ endpoints: [{ addresses: [] }] }),
    expect: 'endpoints[0].addresses: Required value',
  },
  {
    name: 'EndpointSlice: an IPv6 address among IPv4 ones',
    given: () => slice({ endpoints: [{ addresses: ['fd00::1'] }] }),
    expect: 'endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address',
  },
  {
    name: 'EndpointSlice: an IPv6 address not in its canonical form',
    given: () => slice({ addressType: 'IPv6', endpoints: [{ addresses: ['FD00::1'] }] }),
    expect: 'endpoints[0].addresses[0]: Invalid value: "FD00::1": must be in canonical form ("fd00::1")',
  },
  {
    name: 'Service: one name over TCP and UDP (kubernetes#97149)',
    given: () => service({ clusterIP: 'None', ports: kerberosTwice('UDP') }),
    expect: 'spec.ports[1].name: Duplicate value: "kerberos"',
  },
  {
    name: 'Service: one number and protocol twice',
    given: () =>
      service({
        clusterIP: 'None',
        ports: [
          { name: 'a', port: 88 },
          { name: 'b', port: 88 },
        ],
      }),
    expect:
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":88,"TargetPort":0,"NodePort":0}',
  },
  { name: 'Service: headless without ports', given: () => service({ clusterIP: 'None' }), expect: 'accepted' },
  { name: 'Service: a cluster IP without ports', given: () => service({}), expect: 'spec.ports: Required value' },
  {
    name: 'Service: dual-stack with a selector on a single-stack cluster',
    given: () => service({ clusterIP: 'None', ipFamilyPolicy: 'RequireDualStack', selector: { a: 'b' } }),
    expect:
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  },
  {
    name: 'Service: a name that is no DNS label',
    given: () => ({ kind: 'Service', metadata: { name: 'A' }, spec: { clusterIP: 'None' } }),
    expect: `metadata.name: Invalid value: "A": ${labelRule}`,
  },
  {
    name: 'ConfigMap: more than 1 MiB',
    given: () => named('ConfigMap', { data: { a: 'b'.repeat(1024 * 1024 + 1) } }),
    expect: '[]: Too long: may not be more than 1048576 bytes',
  },
  {
    name: 'ConfigMap: a key with a slash',
    given: () => named('ConfigMap', { data: { 'x/y': '' } }),
    expect: `data[x/y]: Invalid value: "x/y": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
  },
  {
    name: 'Pod: a container port name of more than 15 characters',
    given: () =>
      named('Pod', {
        spec: { containers: [{ name: 'a', image: 'x', ports: [{ containerPort: 88, name: 'toolongportname-1' }] }] },
      }),
    expect: 'spec.containers[0].ports[0].name: Invalid value: "toolongportname-1": must be no more than 15 characters',
  },
  {
    name: 'Pod: one container port name twice',
    given: () =>
      named('Pod', {
        spec: {
          containers: [
            {
              name: 'a',
              image: 'x',
              ports: [
                { containerPort: 88, name: 'krb' },
                { containerPort: 88, name: 'krb', protocol: 'UDP' },
              ],
            },
          ],
        },
      }),
    expect: 'spec.containers[0].ports[1].name: Duplicate value: "krb"',
  },
  {
    name: 'an annotation key of 64 characters',
    given: () => ({ kind: 'ConfigMap', metadata: { name: 'long', annotations: { [`a/${'x'.repeat(64)}`]: '' } } }),
    expect: `metadata.annotations: Invalid value: "a/${'x'.repeat(64)}": name part must be no more than 63 bytes`,
  },
  {
    name: 'an upper-case annotation prefix',
    given: () => ({ kind: 'ConfigMap', metadata: { name: 'upper', annotations: { 'Example.COM/x': '' } } }),
    expect: 'accepted',
  },
  {
    name: 'a label key with two slashes',
    given: () => ({ kind: 'ConfigMap', metadata: { name: 'slashes', labels: { 'a/b/c': '' } } }),
    expect: `metadata.labels: Invalid value: "a/b/c": a valid label key ${keyRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
  },
  {
    name: 'an owner without a uid',
    given: () => ({
      kind: 'ConfigMap',
      metadata: { name: 'owned', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p' }] },
    }),
    expect: 'metadata.ownerReferences[0].uid: Required value: must not be empty',
  },
];

for (const { name, given, expect } of cases) {
  test(name, () => assert.equal(verdict(given()), expect));
}

test('3855 heartbeats fit in the annotations of one object, one more does not', () => {
  const beats = (length: number): JsonObject =>
    Object.fromEntries(
      Array.from({ length }, (_, index) => [`endpoint-registrar/${String(index).padStart(36, '0')}`, '1795377600123']),
    );
  const object = (length: number): JsonObject => ({
    kind: 'Endpoints',
    metadata: { name: `beats-${length}`, annotations: beats(length) },
  });
  assert.equal(verdict(object(3855)), 'accepted');
  assert.equal(verdict(object(3856)), 'metadata.annotations: Too long: may not be more than 262144 bytes');
});
