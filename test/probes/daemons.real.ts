/**
 * The probes against MIT Kerberos and OpenLDAP as Debian ships them: what they say of a daemon that is sound, frozen,
 * dead, or has lost its database. `scripts/real-daemons` installs what is missing and runs this.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createClock } from '../../agent/clock.ts';
import type { ProbeAction } from '../../agent/plan/probe.ts';
import { attempt } from '../../agent/probes/attempt.ts';
import type { Outcome } from '../../agent/probes/transports/outcome.ts';
import { until } from '../support/until.ts';
import { REALM, type Realm, startRealm } from './daemons/kerberos.ts';
import { type Directory, startDirectory } from './daemons/ldap.ts';

/** A machine that is busy answers late; a frozen daemon never does. */
const TIMEOUT_MS = 1_000;

const transports = ['TCP', 'UDP'] as const;

type Transport = (typeof transports)[number];

async function ask(action: ProbeAction, port: number, transport: Transport = 'TCP'): Promise<Outcome> {
  const { signal } = new AbortController();
  const target = { address: '127.0.0.1', port, transport, realm: REALM };
  return attempt({ clock: createClock(), random: Math.random }, { action, target }, { timeoutMs: TIMEOUT_MS, signal });
}

async function becomesHealthy(action: ProbeAction, port: number, transport?: Transport): Promise<void> {
  await until(async () => assert.deepEqual(await ask(action, port, transport), { kind: 'healthy' }));
}

async function becomesSick(reason: RegExp, action: ProbeAction, port: number, transport?: Transport): Promise<void> {
  await until(async () => {
    const outcome = await ask(action, port, transport);
    assert.match(outcome.kind === 'sick' ? outcome.reason : outcome.kind, reason);
  });
}

const kerberos: ProbeAction = { kind: 'kerberos' };
const kpasswd: ProbeAction = { kind: 'kpasswd' };
const ldap: ProbeAction = { kind: 'ldap' };
const tcpSocket: ProbeAction = { kind: 'tcpSocket' };

/** A realm whose daemons answer. */
async function soundRealm(t: TestContext): Promise<Realm> {
  const realm = await startRealm(t);
  for (const transport of transports) {
    await becomesHealthy(kerberos, realm.kdcPort, transport);
    await becomesHealthy(kpasswd, realm.kpasswdPort, transport);
  }
  return realm;
}

async function soundDirectory(t: TestContext): Promise<Directory> {
  const directory = await startDirectory(t);
  await becomesHealthy(ldap, directory.port);
  return directory;
}

describe('krb5kdc', () => {
  test('a KDC that is frozen still accepts connections, and answers neither transport until it goes on', async (t) => {
    const { kdc, kdcPort } = await soundRealm(t);
    kdc.freeze();
    await becomesSick(/over TCP to .*: connected, but no answer within/, kerberos, kdcPort, 'TCP');
    await becomesSick(/over UDP to .*: no answer within/, kerberos, kdcPort, 'UDP');
    await becomesHealthy(tcpSocket, kdcPort);
    kdc.thaw();
    for (const transport of transports) await becomesHealthy(kerberos, kdcPort, transport);
  });

  test('a KDC that is dead is seen at once', async (t) => {
    const { kdc, kdcPort, startKdc } = await soundRealm(t);
    await kdc.kill();
    for (const transport of transports) {
      await becomesSick(/nothing listens there \(ECONNREFUSED\)/, kerberos, kdcPort, transport);
    }
    startKdc();
    for (const transport of transports) await becomesHealthy(kerberos, kdcPort, transport);
  });

  test('a KDC that lost its database answers, and is not healthy for that, over either transport', async (t) => {
    const { kdcPort, removeDatabase } = await soundRealm(t);
    await removeDatabase();
    for (const transport of transports) {
      await becomesSick(/answered KRB-ERROR 60 \(generic error/, kerberos, kdcPort, transport);
    }
    await becomesHealthy(tcpSocket, kdcPort);
  });
});

describe('kadmind', () => {
  test('a password service that is frozen, and goes on', async (t) => {
    const { kadmind, kpasswdPort } = await soundRealm(t);
    kadmind.freeze();
    await becomesSick(/over TCP to .*: connected, but no answer within/, kpasswd, kpasswdPort, 'TCP');
    await becomesSick(/over UDP to .*: no answer within/, kpasswd, kpasswdPort, 'UDP');
    kadmind.thaw();
    for (const transport of transports) await becomesHealthy(kpasswd, kpasswdPort, transport);
  });

  test('a password service that is dead leaves the KDC healthy', async (t) => {
    const { kadmind, kdcPort, kpasswdPort } = await soundRealm(t);
    await kadmind.kill();
    for (const transport of transports) {
      await becomesSick(/nothing listens there \(ECONNREFUSED\)/, kpasswd, kpasswdPort, transport);
      await becomesHealthy(kerberos, kdcPort, transport);
    }
  });

  test('a KDC is no password service, and the other way round', async (t) => {
    const { kdcPort, kpasswdPort } = await soundRealm(t);
    for (const transport of transports) {
      await becomesSick(/./, kpasswd, kdcPort, transport);
      await becomesSick(/./, kerberos, kpasswdPort, transport);
    }
  });
});

describe('slapd', () => {
  test('a directory server that is frozen still accepts connections, and answers when it goes on', async (t) => {
    const { slapd, port } = await soundDirectory(t);
    slapd.freeze();
    await becomesSick(/^ldap probe to .*: connected, but no answer within/, ldap, port);
    await becomesHealthy(tcpSocket, port);
    slapd.thaw();
    await becomesHealthy(ldap, port);
  });

  test('a directory server that is dead', async (t) => {
    const { slapd, port } = await soundDirectory(t);
    await slapd.kill();
    await becomesSick(/nothing listens there \(ECONNREFUSED\)/, ldap, port);
  });

  test('a directory server that shows its root DSE to nobody', async (t) => {
    const { port } = await startDirectory(t, 'access to dn.base="" by * none\n');
    await becomesSick(/answered with(out a root DSE| result code)/, ldap, port);
  });
});
