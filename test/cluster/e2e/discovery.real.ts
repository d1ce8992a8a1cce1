/**
 * What a client finds that has nothing but the cluster's DNS: every pair that the example declares, a KDC over both protocols,
 * the password server, the LDAP server. Once for each way of serving, in real pods, with the Role as it is shipped.
 * Run by `node --import tsx --test 'test/cluster/e2e/*.real.ts'`, after `eval "$(scripts/cluster up)"`.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { editDeclaration } from './declarations.ts';
import { measureAgent } from './footprint.ts';
import { untilRead } from './pods.ts';
import { useWorld } from './turn.ts';
import { person } from './workload.ts';
import { report, type Way } from './world.ts';

/** What k8s/examples/freeipa/server/ports.yaml asks for. */
const pairs = [
  { pair: '_ldap._tcp', port: 389 },
  { pair: '_kerberos._udp', port: 88 },
  { pair: '_kerberos._tcp', port: 88 },
  { pair: '_kerberos-master._udp', port: 88 },
  { pair: '_kerberos-master._tcp', port: 88 },
  { pair: '_kpasswd._udp', port: 464 },
  { pair: '_kpasswd._tcp', port: 464 },
];
const [changed, changedAgain] = ['Battery-Staple-2', 'Staple-Horse-3'] as const;
const limitMs = 30_000;
const ways: readonly Way[] = ['supplement', 'full'];

for (const way of ways) {
  describe(`the example's way ${way}`, () => {
    const world = useWorld({ name: `find-${way}`, way, replicas: 1, preStopSeconds: 1 });

    for (const { pair, port } of pairs) {
      test(`${pair} is the server, by the name that it calls itself`, async () => {
        const { client, domain } = world();
        assert.deepEqual(await client.srv(pair), [`0 100 ${port} ipa-0.${domain}.`]);
      });
    }

    test('kinit finds the KDC by SRV and talks to it over UDP', async () => {
      const { client, domain } = world();
      const { code, text } = await client.kinit('udp');
      assert.equal(code, 0, text);
      assert.match(text, new RegExp(`Sending DNS SRV query for _kerberos\\._udp\\.${domain.toUpperCase()}\\.`));
      assert.match(text, new RegExp(`SRV answer: 0 100 88 "ipa-0\\.${domain}\\."`, 'i'));
      assert.match(text, /Sending initial UDP request to dgram [\d.]+:88/);
      assert.match(text, /Received answer .* from dgram [\d.]+:88/);
      assert.doesNotMatch(text, /to stream/);
    });

    test('kinit finds the KDC by SRV and talks to it over TCP', async () => {
      const { client, domain } = world();
      const { code, text } = await client.kinit('tcp');
      assert.equal(code, 0, text);
      assert.match(text, new RegExp(`Sending DNS SRV query for _kerberos\\._tcp\\.${domain.toUpperCase()}\\.`));
      assert.match(text, /Sending TCP request to stream [\d.]+:88/);
      assert.doesNotMatch(text, /from dgram/);
    });

    test('ldapsearch finds the server by a URI that names the domain alone', async () => {
      const { client, domain } = world();
      const { code, text } = await client.ldapsearch();
      assert.equal(code, 0, text);
      assert.match(text, new RegExp(`^o: ${domain.toUpperCase()}$`, 'm'));
    });

    test('kpasswd finds the password server by SRV; the old password is refused then, the new one is not', async () => {
      const { client } = world();
      const { code, text } = await client.kpasswd(person.password, changed);
      assert.equal(code, 0, text);
      assert.match(text, /Sending DNS SRV query for _kpasswd\._tcp\./);
      assert.match(text, /Sending TCP request to stream [\d.]+:464/);
      assert.match(text, /Password changed\./);
      assert.notEqual((await client.kinit('udp')).code, 0);
      assert.equal((await client.kinit('udp', changed)).code, 0);
    });

    test('kpasswd talks UDP where the DNS names the password server over UDP alone', async () => {
      const { client } = world();
      await editDeclaration(world(), (text) => text.replace(/^.*name: kpasswd, protocol: TCP.*$/m, ''));
      const read = () => client.srv('_kpasswd._tcp');
      await untilRead('no server under _kpasswd._tcp', limitMs, read, (found) => found.length === 0);
      const { code, text } = await client.kpasswd(changed, changedAgain);
      assert.equal(code, 0, text);
      assert.match(text, /Sending DNS SRV query for _kpasswd\._udp\./);
      assert.match(text, /Sending initial UDP request to dgram [\d.]+:464/);
      assert.doesNotMatch(text, /stream [\d.]+:464/);
      assert.match(text, /Password changed\./);
      assert.equal((await client.kinit('udp', changedAgain)).code, 0);
    });

    test('what the agent costs', async (context) => {
      const cost = await measureAgent(world());
      const started = `process started -> joined ${cost.startMs} ms, published ${cost.publishedMs} ms`;
      const line = `image ${cost.imageMb} MB; ${started}; resident ${cost.residentMib} MiB, of it anonymous ${cost.anonymousMib} MiB`;
      context.diagnostic(line);
      report(line);
    });
  });
}
