/** Credentials of a kubeconfig, of every kind, against servers that look at what arrives. */
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { type Clock, createClock } from '../../agent/clock.ts';
import { type ConnectionSource, CredentialsError } from '../../agent/kube/connection.ts';
import { createConnectionSource } from '../../agent/kube/credentials.ts';
import { KubeError } from '../../agent/kube/errors.ts';
import { createAuthority } from './certificates.ts';
import { json, listenOn, startServer, statusBody, testClient, testFolder } from './support.ts';

const get = { verb: 'GET', path: '/api/v1/namespaces/default/pods/a', timeoutMs: 5_000 } as const;
const serviceAccountFolder = '/nonexistent';

/** A kubeconfig of one context; JSON is YAML. */
function config(cluster: object, user: object, extra: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'lab',
    contexts: [{ name: 'lab', context: { cluster: 'c', user: 'u', namespace: 'kube-lab' } }],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    ...extra,
  };
}

async function write(folder: string, name: string, content: object | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function sourceOf(kubeconfig: string, clock: Clock = createClock()): Promise<ConnectionSource> {
  const none = { serviceHost: undefined, servicePort: undefined, serviceAccountFolder };
  return createConnectionSource({ clock }, { kubeconfig, ...none });
}

async function source(t: TestContext, content: object): Promise<ConnectionSource> {
  return sourceOf(await write(await testFolder(t), 'config', content));
}

async function faultsOf(work: Promise<unknown>): Promise<readonly string[]> {
  const error = await work.then(
    () => assert.fail('expected faults'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CredentialsError, `expected a CredentialsError, got ${error}`);
  return error.faults;
}

const plain = { server: 'http://127.0.0.1:1', 'insecure-skip-tls-verify': true };

test('it wins over the pod, and gives server, namespace and token', async (t) => {
  const path = await write(
    await testFolder(t),
    'config',
    config({ server: 'https://192.0.2.1:6443/' }, { token: 'abc' }),
  );
  const options = { kubeconfig: path, serviceHost: '10.96.0.1', servicePort: '443', serviceAccountFolder };
  const found = await createConnectionSource({ clock: createClock() }, options);
  assert.equal(found.namespace, 'kube-lab');
  const { transport, headers } = await found.current();
  assert.deepEqual([transport.server, headers], ['https://192.0.2.1:6443/', { authorization: 'Bearer abc' }]);
});

test('a user name and a password become the header of RFC 7617', async (t) => {
  const found = await source(t, config(plain, { username: 'ann', password: 'p:w' }));
  assert.deepEqual((await found.current()).headers, { authorization: 'Basic YW5uOnA6dw==' });
});

test('as impersonates a user', async (t) => {
  const found = await source(t, config(plain, { token: 'abc', as: 'bob' }));
  assert.deepEqual((await found.current()).headers, { authorization: 'Bearer abc', 'impersonate-user': 'bob' });
});

test('a context without a user is anonymous, and its CA is used all the same', async (t) => {
  const ca = Buffer.from('CA').toString('base64');
  const contexts = [{ name: 'lab', context: { cluster: 'c' } }];
  const found = await source(
    t,
    config({ server: 'https://192.0.2.1', 'certificate-authority-data': ca }, {}, { contexts }),
  );
  const { headers, transport } = await found.current();
  assert.deepEqual([headers, String(transport.tls.ca)], [{}, 'CA']);
});

test('a tokenFile beside the kubeconfig is read, wins over the token, and is read again as it rotates', async (t) => {
  const folder = await testFolder(t);
  await write(folder, 'my-token', 'first\n');
  const path = await write(folder, 'config', config(plain, { token: 'stale', tokenFile: 'my-token' }));
  const real = createClock();
  let jumpedMs = 0;
  const found = await sourceOf(path, { ...real, monotonicMs: () => real.monotonicMs() + jumpedMs });
  assert.deepEqual((await found.current()).headers, { authorization: 'Bearer first' });
  await write(folder, 'my-token', 'second\n');
  jumpedMs = 10_000;
  assert.deepEqual((await found.current()).headers, { authorization: 'Bearer second' });
  await write(folder, 'my-token', 'third\n');
  found.refused();
  assert.deepEqual((await found.current()).headers, { authorization: 'Bearer third' });
});

test('after a refusal the kubeconfig itself is read anew', async (t) => {
  const folder = await testFolder(t);
  const found = await sourceOf(await write(folder, 'config', config(plain, { token: 'first' })));
  await write(folder, 'config', config(plain, { token: 'second' }));
  found.refused();
  assert.deepEqual((await found.current()).headers, { authorization: 'Bearer second' });
});

test('a client certificate, the CA and the name to look for are used', async (t) => {
  const folder = await testFolder(t);
  const [servers, clients] = [createAuthority(), createAuthority()];
  const mine = clients.issue();
  await mkdir(join(folder, 'pki'));
  await write(folder, 'pki/ca.crt', servers.cert);
  await write(folder, 'pki/me.crt', mine.cert);
  await write(folder, 'pki/me.key', mine.key);
  const seen: boolean[] = [];
  const server = await startServer(
    t,
    (_, response) => {
      const socket = response.socket as TLSSocket;
      seen.push(socket.authorized);
      json(response, 200, { servername: Reflect.get(socket, 'servername') });
    },
    { tls: { ...servers.issue('lab.example'), ca: clients.cert } },
  );
  const cluster = { server: server.url, 'certificate-authority': 'pki/ca.crt', 'tls-server-name': 'lab.example' };
  const user = { 'client-certificate': 'pki/me.crt', 'client-key': 'pki/me.key' };
  const client = testClient(t, await sourceOf(await write(folder, 'config', config(cluster, user))));
  assert.deepEqual(await client.request(get), { kind: 'ok', status: 200, body: { servername: 'lab.example' } });
  assert.deepEqual(seen, [true]);
});

test('data wins over a file, as in kubectl', async (t) => {
  const cluster = {
    server: 'https://192.0.2.1',
    'certificate-authority': '/nonexistent',
    'certificate-authority-data': Buffer.from('CA').toString('base64'),
  };
  assert.equal(String((await (await source(t, config(cluster, {}))).current()).transport.tls.ca), 'CA');
});

test('insecure-skip-tls-verify takes any certificate, and a server without it is refused', async (t) => {
  const answer = (_: unknown, response: Parameters<typeof json>[0]) => json(response, 200, {});
  const server = await startServer(t, answer, { tls: createAuthority().issue() });
  const insecure = await source(t, config({ server: server.url, 'insecure-skip-tls-verify': true }, {}));
  assert.equal((await testClient(t, insecure).request(get)).kind, 'ok');
  const strict = await source(t, config({ server: server.url }, {}));
  await assert.rejects(testClient(t, strict).request(get), (error) => error instanceof KubeError);
});

test('plain http works where the kubeconfig says that it is meant', async (t) => {
  const server = await startServer(t, (_, response) => json(response, 200, {}));
  const found = await source(t, config({ server: server.url, 'insecure-skip-tls-verify': true }, { token: 'abc' }));
  assert.equal((await testClient(t, found).request(get)).kind, 'ok');
  assert.equal(server.requests[0]?.headers.authorization, 'Bearer abc');
});

/** An exec plugin that counts its runs and gives `token-<run>` (client-go credential plugins, v1). */
async function writePlugin(folder: string, credential: string): Promise<string> {
  const script = `#!${process.execPath}
const fs = require('node:fs');
const file = ${JSON.stringify(join(folder, 'runs'))};
const run = (fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : 0) + 1;
fs.writeFileSync(file, String(run));
${credential}
`;
  const path = await write(folder, 'plugin.cjs', script);
  await chmod(path, 0o755);
  return path;
}

const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin.cjs', interactiveMode: 'Never' };
const giveToken = "console.log(JSON.stringify({ kind: 'ExecCredential', status: { token: 'token-' + run } }));";

test('an exec plugin is run once, from a path relative to the file, and again when its token was refused', async (t) => {
  const folder = await testFolder(t);
  await writePlugin(folder, giveToken);
  const server = await startServer(t, (request, response) => {
    if (request.headers.authorization === 'Bearer token-2') json(response, 200, {});
    else json(response, 401, statusBody(401, 'Unauthorized', 'Unauthorized'));
  });
  const cluster = { server: server.url, 'insecure-skip-tls-verify': true };
  const client = testClient(t, await sourceOf(await write(folder, 'config', config(cluster, { exec }))));
  await assert.rejects(client.request(get), (error) => error instanceof KubeError && error.status === 401);
  assert.equal((await client.request(get)).kind, 'ok');
  assert.equal((await client.request(get)).kind, 'ok');
  assert.equal(await readFile(join(folder, 'runs'), 'utf8'), '2');
});

test('a plugin that fails later is a KubeError with its words, and the next request asks it again', async (t) => {
  const folder = await testFolder(t);
  await writePlugin(folder, `if (run === 2) { console.error('vault is sealed'); process.exit(1); }\n${giveToken}`);
  const server = await startServer(t, (request, response) => {
    if (request.headers.authorization === 'Bearer token-3') json(response, 200, {});
    else json(response, 401, statusBody(401, 'Unauthorized', 'Unauthorized'));
  });
  const cluster = { server: server.url, 'insecure-skip-tls-verify': true };
  const client = testClient(t, await sourceOf(await write(folder, 'config', config(cluster, { exec }))));
  await assert.rejects(client.request(get), (error) => error instanceof KubeError && error.status === 401);
  await assert.rejects(client.request(get), (error) => {
    assert.ok(error instanceof KubeError && error.reason === 'Credentials');
    assert.match(error.message, /vault is sealed/);
    return true;
  });
  assert.equal((await client.request(get)).kind, 'ok');
});

const plugins = [
  { name: 'fails', credential: "console.error('no ticket'); process.exit(3);", fault: /no ticket/ },
  { name: 'answers nonsense', credential: "console.log('hello');", fault: /reading the credentials failed/ },
  { name: 'answers without credentials', credential: 'console.log(\'{"status":{}}\');', fault: /gave no credentials/ },
];
for (const { name, credential, fault } of plugins) {
  test(`a plugin that ${name} is a fault`, async (t) => {
    const folder = await testFolder(t);
    await writePlugin(folder, credential);
    const faults = await faultsOf(sourceOf(await write(folder, 'config', config(plain, { exec }))));
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? '', fault);
  });
}

test('a plugin that hangs is a fault after a minute', async (t) => {
  const folder = await testFolder(t);
  await writePlugin(folder, 'setTimeout(() => {}, 300);');
  const real = createClock();
  const hasty: Clock = { ...real, sleep: (ms, signal) => real.sleep(ms === 60_000 ? 1 : ms, signal) };
  const faults = await faultsOf(sourceOf(await write(folder, 'config', config(plain, { exec })), hasty));
  assert.match(faults[0] ?? '', /no answer within 60 s/);
});

test('of several files the first that names something wins, and those that do not exist are passed over', async (t) => {
  const folder = await testFolder(t);
  const first = await write(folder, 'first', {
    'current-context': 'lab',
    users: [{ name: 'u', user: { token: 'of-first' } }],
  });
  const second = await write(folder, 'second', config(plain, { token: 'of-second' }, { 'current-context': 'other' }));
  const found = await sourceOf([join(folder, 'missing'), first, second].join(delimiter));
  const { headers, transport } = await found.current();
  assert.deepEqual([headers, transport.server], [{ authorization: 'Bearer of-first' }, plain.server]);
});

test('YAML is read too', async (t) => {
  const text = `
current-context: lab
contexts: [{ name: lab, context: { cluster: c, user: u } }]
clusters:
- name: c
  cluster: { server: "https://192.0.2.1" }
users: [{ name: u, user: { token: abc } }]
`;
  const found = await sourceOf(await write(await testFolder(t), 'config', text));
  assert.deepEqual((await found.current()).headers, { authorization: 'Bearer abc' });
});

const faults: readonly {
  readonly name: string;
  readonly content: object | string;
  readonly expect: readonly RegExp[];
}[] = [
  { name: 'broken YAML', content: 'a: [1', expect: [/config cannot be read: .* line 1/] },
  { name: 'no mapping', content: '[1]', expect: [/holds no mapping/] },
  {
    name: 'no current context',
    content: config(plain, {}, { 'current-context': '' }),
    expect: [/current-context is not set.* choose one of "lab"/],
  },
  {
    name: 'an unknown context',
    content: config(plain, {}, { 'current-context': 'lib' }),
    expect: [/contexts has no "lib", only "lab"/],
  },
  {
    name: 'an unknown cluster and an unknown user',
    content: config(plain, {}, { clusters: [], users: [] }),
    expect: [/clusters has no "c", only none/, /users has no "u", only none/],
  },
  {
    name: 'a server that is no URL',
    content: config({ server: '192.0.2.1:6443' }, {}),
    expect: [/clusters\[c\]\.cluster\.server: "192.0.2.1:6443" is no URL; write one/],
  },
  { name: 'no server', content: config({}, {}), expect: [/clusters\[c\]\.cluster\.server: "" is no URL/] },
  {
    name: 'plain http that nobody allowed',
    content: config({ server: 'http://127.0.0.1:1' }, {}),
    expect: [/sends credentials in the clear.*insecure-skip-tls-verify: true/],
  },
  {
    name: 'an unknown proxy',
    content: config({ ...plain, 'proxy-url': 'ftp://secret@proxy' }, {}),
    expect: [/proxy-url: its scheme is unknown; write http, https or socks5$/],
  },
  {
    name: 'files that are missing, all at once',
    content: config({ ...plain, 'certificate-authority': 'ca' }, { tokenFile: 'token', 'client-key': '/k' }),
    expect: [
      /certificate-authority: .*\/ca cannot be read \(ENOENT\)/,
      /client-key: \/k cannot be read/,
      /tokenFile: .*\/token cannot be read/,
    ],
  },
  {
    name: 'what client-node leaves out without a word',
    content: config(plain, { token: 'a', 'as-groups': ['g'], 'as-uid': '1' }),
    expect: [/as-groups is not supported/, /as-uid is not supported/],
  },
  {
    name: 'an auth-provider that nobody knows',
    content: config(plain, { 'auth-provider': { name: 'magic' } }),
    expect: [/gave no credentials/],
  },
];
for (const { name, content, expect } of faults) {
  test(`${name} is a fault`, async (t) => {
    const found = await faultsOf(sourceOf(await write(await testFolder(t), 'config', content)));
    assert.equal(found.length, expect.length, found.join('\n'));
    for (const [index, pattern] of expect.entries()) assert.match(found[index] ?? '', pattern);
  });
}

test('an empty tokenFile, and no file at all, are faults', async (t) => {
  const folder = await testFolder(t);
  await write(folder, 'token', '\n');
  const path = await write(folder, 'config', config(plain, { tokenFile: 'token' }));
  assert.match((await faultsOf(sourceOf(path)))[0] ?? '', /token is empty/);
  const missing = join(folder, 'missing');
  const [fault] = await faultsOf(sourceOf(missing));
  assert.equal(
    fault,
    `KUBECONFIG=${missing} names no file that exists; name a file that is there, or unset KUBECONFIG to use the ServiceAccount of the pod`,
  );
});

test('a folder in place of a file is a fault', async (t) => {
  assert.match((await faultsOf(sourceOf(await testFolder(t))))[0] ?? '', /cannot be read: EISDIR/);
});

for (const scheme of ['https', 'http'] as const) {
  test(`a proxy is used on the way to an ${scheme} server`, async (t) => {
    const authority = createAuthority();
    const target = await startServer(
      t,
      (_, response) => json(response, 200, { kind: 'Pod' }),
      scheme === 'https' ? { tls: authority.issue() } : {},
    );
    const proxied: string[] = [];
    const proxy = createServer((request, response) => {
      proxied.push(`${request.method} ${request.url}`);
      json(response, 200, { kind: 'Pod' });
    });
    proxy.on('connect', (request, socket, head) => {
      proxied.push(`CONNECT ${request.url}`);
      const onward = connect(target.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.write(head);
        onward.pipe(socket);
        socket.pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      socket.on('error', () => onward.destroy());
      socket.on('close', () => onward.destroy());
    });
    const { port } = await listenOn(t, proxy);
    const cluster = {
      server: target.url,
      'proxy-url': `http://127.0.0.1:${port}`,
      ...(scheme === 'http'
        ? { 'insecure-skip-tls-verify': true }
        : { 'certificate-authority-data': Buffer.from(authority.cert).toString('base64') }),
    };
    const client = testClient(t, await source(t, config(cluster, { token: 'abc' })));
    assert.equal((await client.request(get)).kind, 'ok');
    const expected = scheme === 'https' ? `CONNECT 127.0.0.1:${target.port}` : `GET ${target.url}${get.path}`;
    assert.deepEqual(proxied, [expected]);
  });
}
