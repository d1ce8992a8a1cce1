/** The layout alone decides who may collide with whom: every address and name has to be its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLayout, type Layout, widestLayout } from './layout.ts';

const stateRoot = '/state';

function addresses(layout: Layout): readonly string[] {
  return [
    layout.hostAddress,
    layout.kubernetesServiceAddress,
    layout.control.address,
    ...layout.nodes.map((node) => node.address),
    ...layout.dns.flatMap((dns) => [dns.address, dns.serviceAddress]),
  ];
}

test('no address is given twice, within an instance and between two', () => {
  const all = [0, 9].flatMap((instance) => addresses(widestLayout({ instance, stateRoot })));
  assert.equal(new Set(all).size, all.length);
});

test('the names that the kernel limits are short enough', () => {
  const layout = widestLayout({ instance: 9, stateRoot });
  for (const name of [layout.hostInterface, ...layout.nodes.map((node) => node.name)]) {
    assert.ok(Buffer.byteLength(name) <= 15, `${name} has to fit an interface name`);
  }
});

test('a smaller cluster is the beginning of a larger one, so that taking down the widest takes down every one', () => {
  const { nodes } = createLayout({ instance: 0, nodeCount: 2, stateRoot });
  assert.deepEqual(nodes, widestLayout({ instance: 0, stateRoot }).nodes.slice(0, 2));
});

const refused = [
  { name: 'an instance below the range', choice: { instance: -1, nodeCount: 2 }, message: /instance .*-1/ },
  { name: 'an instance above the range', choice: { instance: 10, nodeCount: 2 }, message: /instance .*10/ },
  { name: 'an instance that is no number', choice: { instance: Number.NaN, nodeCount: 2 }, message: /instance .*NaN/ },
  { name: 'too many nodes', choice: { instance: 0, nodeCount: 5 }, message: /nodes .*5/ },
  { name: 'half a node', choice: { instance: 0, nodeCount: 0.5 }, message: /nodes .*0\.5/ },
];

for (const { name, choice, message } of refused) {
  test(`${name} is refused with the value`, () => {
    assert.throws(() => createLayout({ ...choice, stateRoot }), { name: 'RangeError', message });
  });
}
