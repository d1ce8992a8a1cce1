/**
 * Clients as FreeIPA has them: the discovery of `ipa-client-install`, and SSSD, each told the domain and nothing else. Once for each way of serving.
 * The servers' slapd shows what FreeIPA's discovery asks an LDAP server: that it is an IPA server, and its realm.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Client } from './client.ts';
import { editDeclaration } from './declarations.ts';
import { addFreeipaClient, discover, rehearseInstallation } from './freeipaclient.ts';
import { untilRead } from './pods.ts';
import { untilServed } from './served.ts';
import { type Sssd, startSssd } from './sssd.ts';
import { useWorld } from './turn.ts';
import { person } from './workload.ts';
import { report, type Way } from './world.ts';

const ways: readonly Way[] = ['supplement', 'full'];
const both = ['ipa-0', 'ipa-1'];
const limitMs = 60_000;
/** SSSD gives one login 6 s, `krb5_auth_timeout`; `kubectl exec` and a busy computer add to it. */
const failoverMs = 10_000;
const pinned = /is not configured for automatic KDC address lookup\.\s+KDC address will be set to fixed value\./;

for (const way of ways) {
  describe(`FreeIPA's clients, the example's way ${way}`, () => {
    const world = useWorld({ name: `freeipa-${way}`, way, replicas: 2, preStopSeconds: 1 });
    let client: Client;
    let sssd: Sssd;
    const servers = () => both.map((name) => `${name}.${world().domain}`);

    before(async () => {
      client = await addFreeipaClient(world());
      await untilServed(world(), ['_ldap._tcp', '_kerberos._udp'], both);
    });

    test("FreeIPA's discovery finds an LDAP server that is an IPA server, its realm, and every KDC", async () => {
      const { domain } = world();
      const found = await discover(client, domain);
      assert.equal(found.outcome, 'Success');
      assert.equal(found.realm, domain.toUpperCase());
      assert.deepEqual(found.kdcs, servers());
      assert.ok(
        found.servers.length > 0 && found.servers.every((name) => servers().includes(name)),
        `${found.servers}`,
      );
    });

    test('ipa-client-install calls that a success, and would let the client look KDCs up', async () => {
      const { domain } = world();
      const text = await rehearseInstallation(client, domain);
      assert.match(text, /Discovery was successful!/);
      assert.match(text, new RegExp(`^Realm: ${domain.toUpperCase()}$`, 'm'));
      assert.match(text, new RegExp(`^IPA Server: ipa-[01]\\.${domain}$`, 'm'));
      assert.doesNotMatch(text, pinned);
    });

    test('SSSD finds both servers by SRV, for LDAP and for Kerberos, and a user logs in through PAM', async () => {
      sssd = await startSssd(client, world().domain);
      const { code, text } = await sssd.login();
      assert.equal(code, 0, text);
      assert.deepEqual(await sssd.discovered(), [
        'KERBEROS ipa-0 88',
        'KERBEROS ipa-1 88',
        'LDAP ipa-0 389',
        'LDAP ipa-1 389',
      ]);
    });

    test('the pod of the KDC that SSSD chose is deleted: the next login is served by the other one', async () => {
      const { kubectl } = world();
      const kdcs = await sssd.kdcs();
      const names = await Promise.all(kdcs.map(serverAt));
      assert.deepEqual([...names].sort(), both);
      const [chosen = '', other = ''] = names;
      const uid = await readUid(chosen);
      const before = await countTickets(other);
      await kubectl(['delete', 'pod', chosen, '--wait=false']);
      await untilRead(
        'the end of the chosen KDC',
        limitMs,
        () => readUid(chosen),
        (found) => found !== uid,
      );
      const fromMs = performance.now();
      const { code, text } = await sssd.login();
      const tookMs = Math.round(performance.now() - fromMs);
      assert.equal(code, 0, text);
      assert.equal(await countTickets(other), before + 1);
      assert.ok(tookMs < failoverMs, `${tookMs} ms`);
      report(
        `${way}: the KDC that SSSD had chosen, ${chosen}, was deleted: the next login, by ${other}, took ${tookMs} ms`,
      );
      await world().awaitServers(both.length);
      await untilServed(world(), ['_ldap._tcp'], both);
    });

    test('without the pair over UDP the discovery still succeeds, but names no KDC, and the client would be pinned to one server', async () => {
      const { domain } = world();
      await editDeclaration(world(), (text) => text.replace(/^.*name: kerberos, protocol: UDP.*$/m, ''));
      await untilServed(world(), ['_kerberos._udp'], []);
      const found = await discover(client, domain);
      assert.equal(found.outcome, 'Success');
      assert.equal(found.realm, domain.toUpperCase());
      assert.deepEqual(found.kdcs, []);
      const text = await rehearseInstallation(client, domain);
      assert.match(text, pinned);
      assert.match(text, /Discovery was successful!/);
    });

    const readUid = (pod: string): Promise<string> =>
      world().kubectl(['get', 'pod', pod, '--ignore-not-found', '--output=jsonpath={.metadata.uid}']);

    /** How often a KDC let the person in, by its own log. */
    async function countTickets(pod: string): Promise<number> {
      const log = await world().kubectl(['logs', pod, '--container=freeipa']);
      return log.split('\n').filter((line) => line.includes('ISSUE') && line.includes(`${person.name}@`)).length;
    }

    /** Which of the servers that is: SSSD writes the address, or the name where it has not asked for the address yet. */
    async function serverAt(place: string): Promise<string> {
      for (const name of both) {
        const full = `${name}.${world().domain}`;
        if (place === full || (await client.bash(`dig +short ${full}.`)).trim() === place) return name;
      }
      throw new Error(`no server of ${both} is at "${place}"`);
    }
  });
}
