/** List and watch: where a watch begins, what it tells, and how it ends. */
import assert from 'node:assert/strict';
import type { WatchLine, WatchReader } from '../../embedded/client.ts';
import { asObject, type JsonObject } from '../../embedded/objects/json.ts';
import { until } from '../../support/until.ts';
import { type Case, metadataOf, versionOf } from '../case.ts';
import { putConfigMap } from '../shapes.ts';
import type { World } from '../world.ts';

const limit = { limitMs: 15_000 };
const fromStart = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
const byName = (name: string): string => `fieldSelector=metadata.name%3D${name}`;

const relabel = (world: World, name: string, labels: JsonObject) =>
  world.admin.patch('merge', world.core('configmaps', name), { metadata: { labels } });

/** A watch of the namespace's ConfigMaps that is closed when the case ends, however it ends. */
async function watching(world: World, query: string, run: (watch: WatchReader) => Promise<void>): Promise<void> {
  const watch = await world.admin.watch(`${world.core('configmaps')}?watch=1&${query}`);
  try {
    await run(watch);
  } finally {
    watch.close();
  }
}

const told = (events: readonly WatchLine[]): readonly string[] =>
  events.map(({ type, object }) => `${type} ${String(metadataOf(object)['name'] ?? '')}`.trim());
const listVersion = async ({ admin, core }: World): Promise<string> =>
  versionOf((await admin.get(core('configmaps'))).body);

const tells: readonly Case[] = [
  {
    name: 'a watch of a name that is absent is 200, stays open and tells of its creation',
    run: (world) =>
      watching(world, byName('unborn'), async (watch) => {
        assert.equal(watch.status, 200);
        await putConfigMap(world, 'other');
        await putConfigMap(world, 'unborn');
        assert.deepEqual(told(await watch.until((all) => all.length > 0, limit)), ['ADDED unborn']);
      }),
  },
  {
    name: 'sendInitialEvents tells what is, then a bookmark that says so, then what comes',
    run: async (world) => {
      await putConfigMap(world, 'there');
      await watching(world, `${fromStart}&${byName('there')}`, async (watch) => {
        const [first, mark] = await watch.until((all) => all.length >= 2, limit);
        assert.deepEqual(
          [first, mark].map((event) => event?.type),
          ['ADDED', 'BOOKMARK'],
        );
        assert.deepEqual(metadataOf(asObject(mark?.object))['annotations'], { 'k8s.io/initial-events-end': 'true' });
        await relabel(world, 'there', { a: 'b' });
        // A bookmark of the usual kind may come at any time.
        const changes = (all: readonly WatchLine[]) => told(all).filter((line) => line !== 'BOOKMARK');
        const events = await watch.until((all) => changes(all).length >= 2, limit);
        assert.deepEqual(changes(events), ['ADDED there', 'MODIFIED there']);
      });
    },
  },
  {
    name: 'sendInitialEvents of a name that is absent tells the bookmark alone',
    run: (world) =>
      watching(world, `${fromStart}&${byName('absent')}`, async (watch) => {
        const [mark] = await watch.until((all) => all.length > 0, limit);
        assert.equal(mark?.type, 'BOOKMARK');
      }),
  },
  {
    name: "from a list's resourceVersion everything after it is told and nothing before, in order",
    run: async (world) => {
      await putConfigMap(world, 'before');
      const version = await listVersion(world);
      await putConfigMap(world, 'one');
      await watching(world, `resourceVersion=${version}&labelSelector=!kept`, async (watch) => {
        await putConfigMap(world, 'two');
        await relabel(world, 'one', { a: 'b' });
        await world.admin.delete(world.core('configmaps', 'two'));
        const ours = (all: readonly WatchLine[]) => told(all).filter((line) => !line.endsWith('kube-root-ca.crt'));
        const events = await watch.until((all) => ours(all).length >= 4, limit);
        assert.deepEqual(ours(events), ['ADDED one', 'ADDED two', 'MODIFIED one', 'DELETED two']);
      });
    },
  },
  {
    name: 'what leaves the selection is told as DELETED with its former labels, what enters it as ADDED',
    run: async (world) => {
      await putConfigMap(world, 'mover', { l: '1' });
      await watching(world, `resourceVersion=${await listVersion(world)}&labelSelector=l%3D1`, async (watch) => {
        await relabel(world, 'mover', { l: '2' });
        await relabel(world, 'mover', { l: '1' });
        const events = await watch.until((all) => all.length >= 2, limit);
        assert.deepEqual(told(events), ['DELETED mover', 'ADDED mover']);
        assert.deepEqual(metadataOf(asObject(events[0]?.object))['labels'], { l: '1' });
      });
    },
  },
  {
    name: 'a deleted object is told with the resourceVersion of its deletion',
    run: async (world) => {
      const version = versionOf(await putConfigMap(world, 'gone'));
      await watching(world, `resourceVersion=${version}&${byName('gone')}`, async (watch) => {
        await world.admin.delete(world.core('configmaps', 'gone'));
        const [event] = await watch.until((all) => all.length > 0, limit);
        assert.equal(event?.type, 'DELETED');
        assert.ok(Number(versionOf(asObject(event?.object))) > Number(version));
      });
    },
  },
];

/** An API server that has just started forgets nothing for 75 s, and makes more room the faster it is written to: so slowly. */
const FORGETTING_LIMIT_MS = 120_000;
const WRITES_A_TRY = 5;

/** The object of the one event of a watch from resourceVersion 1; writes until that is forgotten. */
async function tooOld({ admin, create, namespace }: World): Promise<JsonObject> {
  const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`;
  await create(roles, { metadata: { name: 'busy' } });
  let writeCount = 0;
  return until(async () => {
    const watch = await admin.watch(`${roles}?watch=1&resourceVersion=1&timeoutSeconds=1`);
    assert.equal(watch.status, 200);
    await watch.ended(limit);
    const [event, ...more] = watch.events();
    for (let write = 0; event?.type !== 'ERROR' && write < WRITES_A_TRY; write += 1) {
      writeCount += 1;
      await admin.patch('merge', `${roles}/busy`, { metadata: { labels: { count: String(writeCount) } } });
    }
    assert.deepEqual([event?.type, more], ['ERROR', []]);
    return asObject(event?.object);
  }, FORGETTING_LIMIT_MS);
}

const ends: readonly Case[] = [
  {
    name: 'timeoutSeconds ends it after that time, with a bookmark before',
    run: async (world) => {
      const query = `timeoutSeconds=3&allowWatchBookmarks=true&resourceVersion=${await listVersion(world)}&${byName('x')}`;
      const startMs = performance.now();
      await watching(world, query, async (watch) => {
        await watch.ended(limit);
        const tookMs = performance.now() - startMs;
        assert.ok(tookMs > 2_900 && tookMs < 8_000, `${tookMs} ms`);
        assert.equal(watch.events().at(-1)?.type, 'BOOKMARK');
        assert.equal(metadataOf(asObject(watch.events().at(-1)?.object))['annotations'], undefined);
      });
    },
  },
  {
    name: 'without being allowed, no bookmark comes',
    run: async (world) => {
      const query = `timeoutSeconds=3&resourceVersion=${await listVersion(world)}&${byName('x')}`;
      await watching(world, query, async (watch) => {
        await watch.ended(limit);
        assert.deepEqual(watch.events(), []);
      });
    },
  },
  {
    name: 'a resourceVersion that is too old is 200 with one ERROR event of code 410, and the end',
    run: async (world) => {
      const { message, ...status } = await tooOld(world);
      assert.match(String(message), /^too old resource version: 1 \(\d+\)$/);
      assert.deepEqual(status, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        reason: 'Expired',
        code: 410,
      });
    },
  },
  {
    name: 'a resourceVersion from the future is silent until the timeout',
    run: (world) =>
      watching(world, `resourceVersion=9999999999&timeoutSeconds=2&${byName('unheard')}`, async (watch) => {
        assert.equal(watch.status, 200);
        await putConfigMap(world, 'unheard');
        await watch.ended(limit);
        assert.deepEqual(watch.events(), []);
      }),
  },
];

/** All of them. */
export const watchCases: readonly Case[] = [...tells, ...ends];
