/** What an operator sees of a process that cannot start, or starts and finds nothing: exit codes and clear words. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';
import { bearerOf, environmentOf, spawnAgent, writeText } from './support.ts';

const good = {
  REGISTRAR_CONFIGMAP: 'endpoint-registrar',
  REGISTRAR_NAMESPACE: 'default',
  REGISTRAR_POD_NAME: 'ipa-0',
};

describe('the start of the process', { concurrency: 3 }, () => {
  test('with wrong settings: exit code 2, all faults at once on stderr, nothing on stdout', async (t) => {
    const child = spawnAgent(t, {
      REGISTRAR_NAMESPACE: 'Default',
      REGISTRAR_POD_NAME: 'ipa-0',
      REGISTRAR_HEARTBEAT_INTERVAL: '5',
      REGISTRAR_HTTP_PROT: '9797',
      KUBECONFIG: '/nowhere',
    });
    assert.equal(await child.exited, 2);
    const faults = child.stderr().trimEnd().split('\n');
    assert.deepEqual(faults.map((fault) => fault.split(' ')[0]).sort(), [
      'REGISTRAR_CONFIGMAP',
      'REGISTRAR_HEARTBEAT_INTERVAL',
      'REGISTRAR_HTTP_PROT',
      'REGISTRAR_NAMESPACE',
    ]);
    assert.equal(child.stdout(), '');
  });

  test('with a kubeconfig that is not there: exit code 2 and one fault that names it', async (t) => {
    const child = spawnAgent(t, { ...good, KUBECONFIG: '/nowhere/kubeconfig' });
    assert.equal(await child.exited, 2);
    assert.match(child.stderr(), /^KUBECONFIG=\/nowhere\/kubeconfig names no file that exists; .*\n$/);
  });

  test('with a kubeconfig that is none: exit code 2 and its faults', async (t) => {
    const path = await writeText(t, 'apiVersion: v1\nkind: Config\nclusters: []\n');
    const child = spawnAgent(t, { ...good, KUBECONFIG: path });
    assert.equal(await child.exited, 2);
    assert.match(child.stderr(), /current-context is not set/);
    assert.deepEqual(
      child.events().filter((event) => event === 'crashed'),
      [],
    );
  });

  test('with the HTTP port in use: exit code 1, and the log says what to set', async (t) => {
    const taken = createServer().listen(0);
    t.after(() => taken.close());
    await once(taken, 'listening');
    const address = taken.address();
    assert.ok(typeof address === 'object' && address !== null);
    const world = await startWorld(t, 'full');
    const env = { ...(await environmentOf(t, world, 'ipa-0')), REGISTRAR_HTTP_PORT: String(address.port) };
    const child = spawnAgent(t, env);
    assert.equal(await child.exited, 1);
    assert.match(JSON.stringify(await child.logged('crashed')), /REGISTRAR_HTTP_PORT/);
    assert.deepEqual(world.presence(bearerOf(world, 'ipa-0')), { isBeating: false, entries: [], slices: [] });
  });

  test('with --help: exit code 0 and the settings', async (t) => {
    const child = spawnAgent(t, {}, ['--help']);
    assert.equal(await child.exited, 0);
    assert.match(child.stdout(), /REGISTRAR_CONFIGMAP/);
  });

  test('while the API server is gone: alive and not ready, and registers when it comes', async (t) => {
    const world = await startWorld(t, 'supplement');
    const env = await environmentOf(t, world, 'ipa-0');
    await world.server.stop();
    const child = spawnAgent(t, env);
    await child.logged('api-unreachable');
    assert.deepEqual(await child.get('/livez'), { status: 200, body: 'ok\n' });
    assert.equal((await child.get('/readyz')).status, 503);
    await world.server.resume();
    await world.present(bearerOf(world, 'ipa-0'));
    await until(async () => assert.deepEqual(await child.get('/readyz'), { status: 200, body: 'ok\n' }));
    child.signal('SIGTERM');
    assert.equal(await child.exited, 0);
  });

  test('in a container that was killed and restarts: adopts what is there, with no moment without', async (t) => {
    const world = await startWorld(t, 'full');
    const env = await environmentOf(t, world, 'ipa-0');
    const pod = bearerOf(world, 'ipa-0');
    const first = spawnAgent(t, env);
    await first.logged('slices-published');
    await world.present(pod);
    const losses = world.watchLosses(pod);
    first.signal('SIGKILL');
    assert.equal(await first.exited, null);
    world.server.requests.clear();
    const second = spawnAgent(t, env);
    await second.logged('own-pod-changed');
    await world.beats(pod, 2);
    await world.present(pod);
    assert.deepEqual(losses, []);
    assert.equal(world.server.requests.count({ verb: 'delete' }), 0);
    second.signal('SIGTERM');
    assert.equal(await second.exited, 0);
    await world.absent(pod);
  });
});
