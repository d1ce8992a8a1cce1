/** What becomes of a Service's spec, and which edits are refused; seen on Kubernetes 1.37.2 (a single-stack cluster). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isRefusal } from './admin/admin.ts';
import type { JsonObject } from './objects/json.ts';
import { type EmbeddedApiServer, startApiServer } from './server.ts';

let server: EmbeddedApiServer;

before(async () => {
  server = await startApiServer();
});

after(() => server.close());

let count = 0;
function create(spec: JsonObject): string {
  count += 1;
  const name = `s-${count}`;
  server.admin.put({ kind: 'Service', metadata: { name }, spec });
  return name;
}

const specOf = (name: string) => server.admin.get('services', name)?.spec;
const edit = (name: string, spec: JsonObject) => server.admin.edit('services', name, { spec }).spec;
const families = (name: string) => [specOf(name)?.ipFamilyPolicy, specOf(name)?.ipFamilies];

test('a headless Service without a selector is dual-stack by default, on a single-stack cluster too', () => {
  const name = create({ clusterIP: 'None' });
  assert.deepEqual(specOf(name), {
    clusterIP: 'None',
    clusterIPs: ['None'],
    type: 'ClusterIP',
    sessionAffinity: 'None',
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'RequireDualStack',
    internalTrafficPolicy: 'Cluster',
  });
});

test('one with a selector is single-stack', () => {
  const name = create({ clusterIP: 'None', selector: { app: 'x' }, ports: [{ name: 'a', port: 88 }] });
  assert.deepEqual(families(name), ['SingleStack', ['IPv4']]);
  assert.deepEqual(specOf(name)?.ports, [{ name: 'a', protocol: 'TCP', port: 88, targetPort: 88 }]);
});

test('adding a selector is refused unless the family policy changes in the same edit', () => {
  const name = create({ clusterIP: 'None' });
  assert.throws(
    () => edit(name, { selector: { app: 'x' } }),
    (error) =>
      isRefusal(error, 422) &&
      error.message ===
        `Service "${name}" is invalid: [spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services, spec.ipFamilies[1]: Invalid value: "IPv6": not configured on this cluster]`,
  );
  edit(name, { selector: { app: 'x' }, ipFamilyPolicy: 'SingleStack' });
  assert.deepEqual(families(name), ['SingleStack', ['IPv4']]);
});

test('taking the selector away keeps the families', () => {
  const name = create({ clusterIP: 'None', selector: { app: 'x' } });
  edit(name, { selector: null });
  assert.deepEqual(families(name), ['SingleStack', ['IPv4']]);
});

test('a cluster IP is allocated and never changes', () => {
  const name = create({ ports: [{ port: 88 }] });
  const ip = specOf(name)?.clusterIP;
  assert.match(String(ip), /^10\.96\./);
  assert.equal(edit(name, { clusterIP: null })?.clusterIP, ip);
  assert.throws(
    () => edit(name, { clusterIP: 'None' }),
    (error) =>
      isRefusal(error, 422) &&
      error.message ===
        `Service "${name}" is invalid: spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set`,
  );
});

test('a Service becomes an ExternalName and headless again', () => {
  const name = create({ clusterIP: 'None', ports: [{ name: 'a', port: 88 }] });
  assert.deepEqual(edit(name, { type: 'ExternalName', externalName: 'a.b' }), {
    ports: [{ name: 'a', protocol: 'TCP', port: 88, targetPort: 88 }],
    type: 'ExternalName',
    sessionAffinity: 'None',
    externalName: 'a.b',
  });
  edit(name, { type: 'ClusterIP', clusterIP: 'None', externalName: null });
  assert.equal(specOf(name)?.clusterIP, 'None');
  assert.deepEqual(families(name), ['RequireDualStack', ['IPv4', 'IPv6']]);
});

test('a NodePort Service gets its ports, and gives them back', () => {
  const name = create({ type: 'NodePort', ports: [{ name: 'a', port: 88 }] });
  assert.ok((specOf(name)?.ports?.[0]?.nodePort ?? 0) > 30_000);
  const spec = edit(name, { type: 'ClusterIP' });
  assert.equal(spec?.ports?.[0]?.nodePort, undefined);
  assert.equal(spec?.externalTrafficPolicy, undefined);
});
