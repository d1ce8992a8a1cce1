/** Signals: withdrawn within the budget and never registered again, or the exit code says that something may remain. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';
import { bearerOf, environmentOf, spawnAgent } from './support.ts';

const nothing = { isBeating: false, entries: [], slices: [] };

describe('the end of the process', { concurrency: 3 }, () => {
  test('SIGTERM: out of DNS at once, exit code 0, and each page says what is so before, while and after', async (t) => {
    const world = await startWorld(t, 'full');
    const env = await environmentOf(t, world, 'ipa-0');
    const pod = bearerOf(world, 'ipa-0');
    world.server.freeze();
    const child = spawnAgent(t, env);
    await child.logged('listening');
    const waiting = await child.get('/readyz');
    assert.deepEqual([waiting.status, waiting.body.split('\n')[0]], [503, 'not ready']);
    assert.deepEqual(await child.get('/livez'), { status: 200, body: 'ok\n' });
    world.server.thaw();
    await world.present(pod);
    await until(async () => assert.deepEqual(await child.get('/readyz'), { status: 200, body: 'ok\n' }));
    const status: { readonly services: readonly unknown[] } = JSON.parse((await child.get('/status')).body);
    assert.equal(status.services.length, 1);
    assert.match((await child.get('/metrics')).body, /^endpoint_registrar_declarations_valid 1$/m);
    world.declare({ ipa: 'ports: no list' });
    await until(async () => assert.match((await child.get('/readyz')).body, /^degraded\n- configmap-invalid: /));
    assert.match((await child.get('/metrics')).body, /^endpoint_registrar_declarations_valid 0$/m);

    const held = world.server.faults.add({ verb: 'patch' }, { kind: 'delay', ms: 400 });
    child.signal('SIGTERM');
    await child.logged('shutdown-started');
    assert.deepEqual(await child.get('/readyz'), { status: 503, body: 'not ready\n- shutting down\n' });
    assert.equal((await child.get('/livez')).status, 200);
    held.remove();
    assert.equal(await child.exited, 0);
    await world.absent(pod);
    const ending = child.events().slice(child.events().indexOf('shutdown-started'));
    assert.deepEqual(
      ending.filter((event) => event === 'withdrawn' || String(event).startsWith('shutdown')),
      ['shutdown-started', 'withdrawn', ...Array(4).fill('shutdown-step-finished'), 'shutdown-finished'],
    );
    assert.equal(child.stderr(), '');
  });

  test('SIGTERM while the API server is frozen: exit code 3 when the budget is spent', async (t) => {
    const world = await startWorld(t, 'full');
    const env = { ...(await environmentOf(t, world, 'ipa-0')), REGISTRAR_SHUTDOWN_BUDGET: '1s' };
    const pod = bearerOf(world, 'ipa-0');
    const child = spawnAgent(t, env);
    await child.logged('slices-published');
    await world.present(pod);
    world.server.freeze();
    const startMs = performance.now();
    child.signal('SIGTERM');
    assert.equal(await child.exited, 3);
    const elapsedMs = performance.now() - startMs;
    assert.ok(elapsedMs > 800 && elapsedMs < 8000, `${elapsedMs} ms`);
    assert.deepEqual(world.presence(pod).slices, world.ours(), 'what may remain does');
  });

  test('a second signal: exit code 3 at once', async (t) => {
    const world = await startWorld(t, 'full');
    const env = { ...(await environmentOf(t, world, 'ipa-0')), REGISTRAR_SHUTDOWN_BUDGET: '1m' };
    const child = spawnAgent(t, env);
    await child.logged('slices-published');
    world.server.freeze();
    child.signal('SIGTERM');
    await child.logged('shutdown-started');
    child.signal('SIGINT');
    assert.equal(await child.exited, 3);
  });

  test('SIGTERM in the middle of a join: withdraws what lands, and registers nothing after it', async (t) => {
    const world = await startWorld(t, 'full');
    const env = await environmentOf(t, world, 'ipa-0');
    const pod = bearerOf(world, 'ipa-0');
    // The join lands; its answer comes after the signal.
    const stop = world.server.store.onChange('endpoints', () => {
      if (world.presence(pod).isBeating) world.server.freeze();
    });
    const child = spawnAgent(t, env);
    await child.logged('own-pod-changed');
    await until(() => assert.ok(world.presence(pod).isBeating));
    stop();
    child.signal('SIGTERM');
    await child.logged('shutdown-started');
    world.server.thaw();
    assert.equal(await child.exited, 0);
    assert.deepEqual(world.presence(pod), nothing);
    assert.equal(world.server.requests.count({ verb: 'patch', resource: 'endpointslices' }), 0);
    assert.ok(!child.events().includes('slices-published'));
  });

  test('SIGTERM before the first answer: ends soon, and says that it cannot know', async (t) => {
    const world = await startWorld(t, 'supplement');
    const env = { ...(await environmentOf(t, world, 'ipa-0')), REGISTRAR_SHUTDOWN_BUDGET: '1m' };
    world.server.freeze();
    const child = spawnAgent(t, env);
    await child.logged('listening');
    const startMs = performance.now();
    child.signal('SIGTERM');
    assert.equal(await child.exited, 3);
    assert.ok(performance.now() - startMs < 20_000, 'long before its budget is spent');
  });

  test('SIGSTOP for longer than its peers wait: evicted, and back after SIGCONT with a look at its own pod', async (t) => {
    const world = await startWorld(t, 'full');
    const env = await environmentOf(t, world, 'ipa-0');
    const pod = bearerOf(world, 'ipa-0');
    const child = spawnAgent(t, env);
    await child.logged('slices-published');
    await world.present(pod);
    const [peer] = await world.join('ipa-1');
    assert.ok(peer !== undefined);
    await world.beats(pod, 1);
    child.signal('SIGSTOP');
    await until(() => assert.deepEqual(world.presence(pod), nothing));
    const losses = world.watchLosses(peer);
    world.server.requests.clear();
    child.signal('SIGCONT');
    await world.present(pod);
    await world.beats(pod, 1);
    assert.equal(world.server.requests.count({ verb: 'get', resource: 'pods', name: 'ipa-0' }) > 0, true);
    assert.deepEqual(losses, []);
    child.signal('SIGTERM');
    assert.equal(await child.exited, 0);
  });
});
