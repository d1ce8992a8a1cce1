/** Which of two states of an object is believed, in every order in which they can arrive. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInventory, type Inventory, type ItemChange } from '../../agent/kube/inventory.ts';
import { type Item, item } from './watchserver.ts';

type Step = (inventory: Inventory<Item>) => readonly ItemChange<Item>[] | undefined;

const put =
  (object: Item): Step =>
  (inventory) =>
    void inventory.put(object);
const drop =
  (name: string, uid?: string): Step =>
  (inventory) =>
    void inventory.drop(name, uid);
const upsert =
  (object: Item): Step =>
  (inventory) =>
    inventory.upsert(object);
const remove =
  (object: Item): Step =>
  (inventory) =>
    inventory.remove(object);
const ask: Step = (inventory) => void inventory.expectList();
const list =
  (resourceVersion: string, ...objects: readonly Item[]): Step =>
  (inventory) =>
    inventory.replace(objects, resourceVersion);

const deleting = { deletionTimestamp: '2026-11-22T20:00:00Z' };

const cases: readonly {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly told: readonly string[];
  readonly known: readonly string[];
}[] = [
  {
    name: 'an answer overtakes its event',
    steps: [put(item('a', '5')), upsert(item('a', '5'))],
    told: [],
    known: ['a@5'],
  },
  {
    name: 'an event older than an answer is not believed',
    steps: [put(item('a', '10')), upsert(item('a', '9'))],
    told: [],
    known: ['a@10'],
  },
  {
    name: 'versions are compared as numbers, not as text',
    steps: [put(item('a', '9')), upsert(item('a', '10'))],
    told: ['upserted a@10 after 9'],
    known: ['a@10'],
  },
  {
    name: 'versions may be larger than a double can tell apart',
    steps: [put(item('a', '9007199254740993')), upsert(item('a', '9007199254740992'))],
    told: [],
    known: ['a@9007199254740993'],
  },
  {
    name: 'an answer older than what is known is not taken',
    steps: [upsert(item('a', '10')), put(item('a', '9'))],
    told: ['upserted a@10'],
    known: ['a@10'],
  },
  {
    name: 'an answer of the same version is taken',
    steps: [upsert(item('a', '10')), put(item('a', '10'))],
    told: ['upserted a@10'],
    known: ['a@10'],
  },
  {
    name: 'an answer that comes behind the news of the deletion brings nothing back',
    steps: [upsert(item('a', '9')), remove(item('a', '10')), put(item('a', '9'))],
    told: ['upserted a@9', 'deleted a@10'],
    known: [],
  },
  {
    name: 'an answer from before a list that does not have the object brings nothing back',
    steps: [list('10'), put(item('a', '9'))],
    told: [],
    known: [],
  },
  {
    name: 'an answer newer than the news of the deletion is about another object, and is taken',
    steps: [upsert(item('a', '9')), remove(item('a', '10')), put(item('a', '11'))],
    told: ['upserted a@9', 'deleted a@10'],
    known: ['a@11'],
  },
  {
    name: 'a version that is no number: the newest arrival wins',
    steps: [put(item('a', 'v9')), upsert(item('a', 'v1'))],
    told: ['upserted a@v1 after v9'],
    known: ['a@v1'],
  },
  {
    name: 'the same event twice is told once',
    steps: [upsert(item('a', '5')), upsert(item('a', '5'))],
    told: ['upserted a@5'],
    known: ['a@5'],
  },
  {
    name: 'a deletion is told with the last state',
    steps: [upsert(item('a', '5')), remove(item('a', '7'))],
    told: ['upserted a@5', 'deleted a@7'],
    known: [],
  },
  {
    name: 'a deletion is believed whatever version an answer had: a uid does not come back',
    steps: [put(item('a', '9')), remove(item('a', '8'))],
    told: ['deleted a@8'],
    known: [],
  },
  { name: 'a deletion of what is not known is nothing', steps: [remove(item('a', '7'))], told: [], known: [] },
  {
    name: 'an object under a known name but of another uid replaces it, and both are told',
    steps: [upsert(item('a', '5', 'x')), upsert(item('a', '7', 'y'))],
    told: ['upserted a@5', 'deleted a@5', 'upserted a@7'],
    known: ['a@7'],
  },
  {
    name: 'the deletion of a predecessor does not touch its successor',
    steps: [put(item('a', '9', 'y')), remove(item('a', '8', 'x'))],
    told: [],
    known: ['a@9'],
  },
  {
    name: 'the deletion of a successor nobody saw ends the predecessor too',
    steps: [upsert(item('a', '5', 'x')), remove(item('a', '8', 'y'))],
    told: ['upserted a@5', 'deleted a@5'],
    known: [],
  },

  {
    name: 'what we deleted is not believed to have changed',
    steps: [put(item('a', '5')), drop('a'), upsert(item('a', '6'))],
    told: [],
    known: [],
  },
  { name: 'nor by a late answer', steps: [put(item('a', '5')), drop('a'), put(item('a', '6'))], told: [], known: [] },
  {
    name: 'nor by a list that was on its way',
    steps: [put(item('a', '5')), ask, drop('a'), list('6', item('a', '5'))],
    told: [],
    known: [],
  },
  {
    name: 'its DELETED event is no news',
    steps: [put(item('a', '5')), drop('a'), remove(item('a', '6'))],
    told: [],
    known: [],
  },
  {
    name: 'what lingers after our deletion (a finalizer) says so itself and is believed',
    steps: [put(item('a', '5')), drop('a'), upsert(item('a', '6', 'uid-of-a', deleting))],
    told: ['upserted a@6'],
    known: ['a@6'],
  },
  {
    name: 'a new object under the name of what we deleted is believed',
    steps: [put(item('a', '5', 'x')), drop('a'), upsert(item('a', '6', 'y'))],
    told: ['upserted a@6'],
    known: ['a@6'],
  },
  {
    name: 'dropping by uid leaves another object of that name alone',
    steps: [upsert(item('a', '5', 'y')), drop('a', 'x')],
    told: ['upserted a@5'],
    known: ['a@5'],
  },
  {
    name: 'dropping by uid works before the object was ever seen',
    steps: [drop('a', 'x'), upsert(item('a', '4', 'x'))],
    told: [],
    known: [],
  },
  {
    name: 'dropping what is unknown is nothing',
    steps: [drop('a'), upsert(item('a', '4'))],
    told: ['upserted a@4'],
    known: ['a@4'],
  },

  {
    name: 'a list tells exactly the differences',
    steps: [list('5', item('a', '1'), item('b', '2')), ask, list('9', item('a', '1'), item('c', '8'))],
    told: ['upserted a@1', 'upserted b@2', 'deleted b@2', 'upserted c@8'],
    known: ['a@1', 'c@8'],
  },
  {
    name: 'a list shows a recreation as deleted and upserted',
    steps: [list('5', item('a', '1', 'x')), ask, list('9', item('a', '7', 'y'))],
    told: ['upserted a@1', 'deleted a@1', 'upserted a@7'],
    known: ['a@7'],
  },
  {
    name: 'an object put while the list was on its way, and newer than it, stays',
    steps: [ask, put(item('a', '6')), list('5')],
    told: [],
    known: ['a@6'],
  },
  {
    name: 'so does a newer state of an object in the list',
    steps: [ask, put(item('a', '6')), list('5', item('a', '4'))],
    told: [],
    known: ['a@6'],
  },
  {
    name: 'an object put while the list was on its way, and older than it, was deleted since',
    steps: [ask, put(item('a', '4')), list('5')],
    told: ['deleted a@4'],
    known: [],
  },
  {
    name: 'an object put before the list was asked for is replaced by it, even by lower versions: a store restored from a backup',
    steps: [put(item('a', '900')), put(item('b', '900')), ask, list('50', item('a', '40'))],
    told: ['deleted b@900', 'upserted a@40 after 900'],
    known: ['a@40'],
  },
];

for (const { name, steps, told, known } of cases) {
  test(name, () => {
    const inventory = createInventory<Item>();
    const lines = steps.flatMap((step) => step(inventory) ?? []).map(lineOf);
    assert.deepEqual(lines, told);
    assert.deepEqual(
      [...inventory.items().values()].map((object) => `${object.metadata.name}@${object.metadata.resourceVersion}`),
      known,
    );
  });
}

function lineOf(change: ItemChange<Item>): string {
  const { name, resourceVersion } = change.object.metadata;
  const before = change.type === 'upserted' ? change.previous?.metadata.resourceVersion : undefined;
  return `${change.type} ${name}@${resourceVersion}${before === undefined ? '' : ` after ${before}`}`;
}
