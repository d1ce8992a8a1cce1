/**
 * Which room may import which, as a table. An arrow that is not here is a decision: draw it, or do without the import.
 * An arrow that nobody uses any more is taken out. `values` are needed at run time; `types` are erased.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { codeOf, type Import, imports, placeOf, roomOf, sources, textOf } from './sources.ts';

type Arrows = { readonly values: readonly string[]; readonly types?: readonly string[] };

/** Room to rooms, packages and modules of Node. A file in agent/ itself is a room of its own. */
const arrows: Readonly<Record<string, Arrows>> = {
  main: {
    values: [
      ...['assembly', 'clock', 'commands', 'config', 'exit', 'help', 'kube', 'log', 'shutdown', 'signals', 'status'],
      ...['version', 'node:fs/promises', 'node:stream/consumers'],
    ],
  },
  // check, doctor, status, sweep: loaded only where one of them is asked for. Nothing of the agent may need them.
  commands: {
    values: [
      ...['backoff', 'config', 'declarations', 'dns', 'kube', 'names', 'nearest', 'plan', 'probes', 'register'],
      ...['settings', 'yaml', 'node:http', 'node:path', 'node:util'],
    ],
    types: ['clock'],
  },
  // Puts the parts together: the only room that knows all others.
  assembly: {
    values: [
      ...['backoff', 'clock', 'declarations', 'dns', 'events', 'keeper', 'kube', 'plan', 'probes', 'register'],
      ...['resolved', 'status'],
    ],
    types: ['config', 'log'],
  },
  // Retries, time and the latch. Speaks to the outside world through the types of register/register.ts alone.
  keeper: { values: ['backoff', 'clock', 'plan'], types: ['kube', 'log', 'register', 'status'] },
  register: { values: ['kube', 'plan'] },
  // The only room that speaks to the API server, hence the only one with HTTP, TLS and files.
  kube: {
    values: [
      ...['backoff', 'undici', 'yaml', '@kubernetes/client-node/dist/config.js'],
      ...['node:fs/promises', 'node:net', 'node:path', 'node:timers/promises', 'node:util'],
    ],
    types: ['clock', '@kubernetes/client-node', 'node:https', 'node:tls'],
  },
  // The only room that asks the workload's daemons.
  probes: {
    values: ['clock', 'plan', 'undici', 'node:dgram', 'node:events', 'node:net', 'node:tls', 'node:util'],
    types: ['log', 'status'],
  },
  // Tells people on the own pod, by the API room's calls.
  events: { values: ['plan', 'register', 'node:crypto'], types: ['clock', 'kube', 'log'] },
  // Asks the cluster's DNS one question.
  dns: { values: ['dns-packet', 'node:dgram', 'node:net'], types: ['clock', 'settings'] },
  // What DNS says about what was published, and the readiness gate that follows from it.
  resolved: { values: ['backoff', 'clock', 'dns', 'plan', 'register', 'node:util'], types: ['kube', 'log', 'status'] },
  // Pure: data in, data out.
  plan: { values: ['node:crypto', 'node:util'], types: ['kube'] },
  declarations: { values: ['names', 'nearest', 'plan', 'yaml', 'node:util'] },
  status: {
    values: [
      ...['plan', 'node:http'],
      ...['counter', 'gauge', 'histogram', 'registry'].map((part) => `prom-client/lib/${part}.js`),
    ],
    types: ['log', 'node:net'],
  },
  config: { values: ['commands', 'config-names', 'nearest', 'plan', 'settings'], types: ['log'] },
  'config-names': { values: ['commands', 'nearest', 'settings'] },
  help: { values: ['commands', 'exit', 'settings'] },
  settings: { values: ['log', 'names', 'env-var', 'node:net'] },
  shutdown: { values: [], types: ['clock', 'log'] },
  signals: { values: ['exit'] },
  log: { values: ['pino'] },
  // Leaves: they know nothing of the rest.
  backoff: { values: [] },
  clock: { values: [] },
  exit: { values: [] },
  names: { values: [] },
  nearest: { values: [] },
  version: { values: [] },
};

/** Of some rooms only these files may be imported, from the rooms named. */
const doors = [
  { from: 'plan', to: 'kube', files: ['kube/objects.ts'] },
  { from: 'keeper', to: 'kube', files: ['kube/objects.ts'] },
  { from: 'keeper', to: 'register', files: ['register/register.ts'] },
  { from: 'main', to: 'kube', files: ['kube/connection.ts'] },
  { from: 'main', to: 'commands', files: ['commands/command.ts', 'commands/names.ts', 'commands/run.ts'] },
  { from: 'config-names', to: 'commands', files: ['commands/names.ts'] },
  { from: 'help', to: 'commands', files: ['commands/names.ts'] },
  { from: 'config', to: 'commands', files: ['commands/names.ts'] },
  { from: 'config', to: 'plan', files: ['plan/heartbeat.ts'] },
] as const;

/** Globals that only these files may touch: everybody else is given time, randomness, output and the process. */
const globals: Readonly<Record<string, readonly string[]>> = {
  process: ['main.ts'],
  'Math.random': ['main.ts'],
  performance: ['clock.ts'],
  setTimeout: ['clock.ts'],
  setInterval: [],
  setImmediate: [],
  'Date.now': [],
  fetch: [],
  console: [],
  globalThis: [],
};

const byRoom = Map.groupBy(imports, ({ source }) => roomOf(source));

function crossing(room: string): readonly Import[] {
  return (byRoom.get(room) ?? []).filter(({ target }) => roomOf(target) !== room);
}

describe('arrows', () => {
  test('every room stands in the table, and every row is a room', () => {
    const rooms = [...new Set(sources.map(roomOf))].sort();
    assert.deepEqual(Object.keys(arrows).sort(), rooms, 'add a row for a new room, take out that of one that is gone');
  });

  for (const [room, { values, types = [] }] of Object.entries(arrows)) {
    test(`${room} imports what its row allows, and all of that`, () => {
      const illegal = crossing(room)
        .filter(({ target, kind }) => ![...values, ...(kind === 'type' ? types : [])].includes(roomOf(target)))
        .map((found) => `${placeOf(found)} imports ${found.target} (${found.kind})`);
      assert.deepEqual(
        illegal,
        [],
        `${room} -> ${values}; types of ${types}. Draw the arrow in this table, or undo it`,
      );
      const used = (kind: Import['kind']) =>
        new Set(crossing(room).flatMap((found) => (found.kind === kind ? roomOf(found.target) : [])));
      assert.deepEqual(
        values.filter((target) => !used('value').has(target)),
        [],
        `no file of ${room} needs these at run time: take them out of \`values\` (types go into \`types\`)`,
      );
      assert.deepEqual(
        types.filter((target) => !used('type').has(target) || values.includes(target)),
        [],
        `no file of ${room} imports types of these, or they stand in \`values\` too: take them out of \`types\``,
      );
    });
  }

  for (const { from, to, files } of doors) {
    test(`${from} sees of ${to} no more than ${files.join(', ')}`, () => {
      const beside = crossing(from)
        .filter(({ target }) => roomOf(target) === to && !files.some((file) => file === target))
        .map((found) => `${placeOf(found)} imports ${found.target}`);
      assert.deepEqual(beside, [], 'open a door in this table, or move what is needed');
    });
  }

  test('client-node is named by kube/objects (types) and kube/kubeconfig (KubeConfig alone)', () => {
    const found = imports
      .filter(({ target }) => target.startsWith('@kubernetes/'))
      .map(({ source, target, kind }) => `${source} ${target} ${kind}`);
    assert.deepEqual(
      found.sort(),
      [
        'kube/kubeconfig.ts @kubernetes/client-node/dist/config.js value',
        'kube/objects.ts @kubernetes/client-node type',
      ],
      'the package costs 50 MiB where it is loaded whole: take types from kube/objects',
    );
  });

  test('kube/kubeconfig is loaded by a dynamic import only', () => {
    const found = imports.filter(({ target, kind }) => target === 'kube/kubeconfig.ts' && kind === 'value');
    assert.deepEqual(
      found.map(({ source }) => source),
      ['kube/kubeconfigcredentials.ts'],
    );
    assert.ok(textOf('kube/kubeconfigcredentials.ts').includes("await import('./kubeconfig.ts')"));
  });

  test('the commands are loaded by a dynamic import only', () => {
    const found = imports.filter(({ target, kind }) => target === 'commands/run.ts' && kind === 'value');
    assert.deepEqual(
      found.map(({ source }) => source),
      ['main.ts'],
    );
    assert.ok(textOf('main.ts').includes("await import('./commands/run.ts')"));
  });

  test('no files need each other at run time', () => {
    assert.deepEqual(cycles(), [], 'break the circle: move what both need into a file of its own, or import a type');
  });
});

describe('globals', () => {
  const marks = new Map(Object.keys(globals).map((name, index) => [name, `FOUND_${index}_HERE`]));
  const marked = sources.map((source) => ({ source, code: codeOf(source, Object.fromEntries(marks)) }));
  for (const [name, allowed] of Object.entries(globals)) {
    test(`${name} is touched by ${allowed.join(', ') || 'no file'}`, () => {
      const found = marked.filter(({ code }) => code.includes(marks.get(name) ?? name)).map(({ source }) => source);
      assert.deepEqual(found, allowed, 'have it handed in, as main does with the clock, randomness and the process');
    });
  }
});

test('the scanner sees every import', () => {
  for (const source of sources) {
    const specifiers = [...textOf(source).matchAll(/^(?:import\b|export\b|\}).*?'([^']+)';$|\bimport\('([^']+)'\)/gm)]
      .map(([line, first, second]) => ({ line, specifier: first ?? second }))
      .filter(({ line }) => /^import '|\bfrom '|\bimport\('/.test(line));
    const seen = imports.filter((found) => found.source === source);
    assert.equal(seen.length, specifiers.length, `agent/${source}: ${JSON.stringify(specifiers)}`);
  }
});

/** Circles of value imports, each once, as `a -> b -> a`. */
function cycles(): readonly string[] {
  const needs = new Map(
    sources.map((source) => [
      source,
      imports.flatMap((found) => (found.source === source && found.kind === 'value' ? found.target : [])),
    ]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (source: string, path: readonly string[]): void => {
    if (path.includes(source)) circles.push([...path.slice(path.indexOf(source)), source].join(' -> '));
    if (path.includes(source) || done.has(source)) return;
    for (const target of needs.get(source) ?? []) visit(target, [...path, source]);
    done.add(source);
  };
  for (const source of sources) visit(source, []);
  return circles;
}
