import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Environment, parseConfig, printConfigFault } from '../agent/config.ts';
import { type Setting, settings } from '../agent/settings.ts';

const inCluster: Environment = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
const required: Environment = {
  REGISTRAR_CONFIGMAP: 'endpoint-registrar',
  REGISTRAR_NAMESPACE: 'default',
  REGISTRAR_POD_NAME: 'ipa-0',
};
const whole: Environment = { ...required, ...inCluster };

function config(env: Environment, argv: readonly string[] = []) {
  const parsed = parseConfig(env, argv);
  if (parsed.kind !== 'run') assert.fail(faults(env, argv).join('\n') || parsed.kind);
  return parsed;
}

function faults(env: Environment, argv: readonly string[] = []): readonly string[] {
  const parsed = parseConfig(env, argv);
  return parsed.kind === 'invalid' ? parsed.faults.map(printConfigFault) : [];
}

test('with the three required settings in a pod, the rest has defaults', () => {
  assert.deepEqual(config(whole), {
    kind: 'run',
    config: {
      configMap: 'endpoint-registrar',
      namespace: 'default',
      podName: 'ipa-0',
      containerName: 'endpoint-registrar',
      intervalMs: 5000,
      requestTimeoutMs: 3000,
      shutdownBudgetMs: 10_000,
      httpPort: 9797,
      logLevel: 'info',
      connection: { kind: 'in-cluster', host: '10.96.0.1', port: 443 },
      dns: { server: undefined, clusterDomain: undefined },
    },
    warnings: [],
  });
});

test('every setting is read', () => {
  const env = {
    ...whole,
    REGISTRAR_CONTAINER_NAME: 'registrar',
    REGISTRAR_HEARTBEAT_INTERVAL: '1m',
    REGISTRAR_REQUEST_TIMEOUT: '15.5s',
    REGISTRAR_SHUTDOWN_BUDGET: '1500ms',
    REGISTRAR_HTTP_PORT: '0',
    REGISTRAR_DNS_SERVER: '10.96.0.10:5353',
    REGISTRAR_CLUSTER_DOMAIN: 'k8s.example',
    REGISTRAR_LOG_LEVEL: 'debug',
    KUBECONFIG: '/tmp/kubeconfig',
  };
  assert.deepEqual(config(env).config, {
    configMap: 'endpoint-registrar',
    namespace: 'default',
    podName: 'ipa-0',
    containerName: 'registrar',
    intervalMs: 60_000,
    requestTimeoutMs: 15_500,
    shutdownBudgetMs: 1500,
    httpPort: 0,
    logLevel: 'debug',
    connection: { kind: 'kubeconfig', path: '/tmp/kubeconfig' },
    dns: { server: { kind: 'at', address: '10.96.0.10', port: 5353 }, clusterDomain: 'k8s.example' },
  });
});

test('the config is frozen to the bottom', () => {
  const { config: frozen } = config({ ...whole, REGISTRAR_DNS_SERVER: '10.96.0.10' });
  assert.equal(Object.isFrozen(frozen), true);
  assert.equal(Object.isFrozen(frozen.connection), true);
  assert.equal(Object.isFrozen(frozen.dns), true);
  assert.equal(Object.isFrozen(frozen.dns.server), true);
});

test('the command run is the default', () => assert.deepEqual(config(whole, ['run']), config(whole, [])));

for (const argv of [['--help'], ['run', '--help'], ['--help', '--version']]) {
  test(`${argv.join(' ')} asks for help, whatever the settings`, () =>
    assert.deepEqual(parseConfig({ REGISTRAR_X: '1' }, argv), { kind: 'help' }));
}

test('--version asks for the version, whatever the settings', () =>
  assert.deepEqual(parseConfig({}, ['--version']), { kind: 'version' }));

const servers = [
  { value: 'off', expect: { kind: 'off' } },
  { value: '10.96.0.10', expect: { kind: 'at', address: '10.96.0.10', port: 53 } },
  { value: '10.96.0.10:1053', expect: { kind: 'at', address: '10.96.0.10', port: 1053 } },
  { value: 'fd00:10:96::a', expect: { kind: 'at', address: 'fd00:10:96::a', port: 53 } },
  { value: '[fd00:10:96::a]', expect: { kind: 'at', address: 'fd00:10:96::a', port: 53 } },
  { value: '[fd00:10:96::a]:1053', expect: { kind: 'at', address: 'fd00:10:96::a', port: 1053 } },
];
for (const { value, expect } of servers) {
  test(`a DNS server is written ${value}`, () =>
    assert.deepEqual(config({ ...whole, REGISTRAR_DNS_SERVER: value }).config.dns.server, expect));
}

const valid: readonly { readonly name: string; readonly env: Environment }[] = [
  {
    name: 'interval 1s with timeout 500ms',
    env: { REGISTRAR_HEARTBEAT_INTERVAL: '1s', REGISTRAR_REQUEST_TIMEOUT: '500ms' },
  },
  { name: 'the shortest interval', env: { REGISTRAR_HEARTBEAT_INTERVAL: '500ms', REGISTRAR_REQUEST_TIMEOUT: '300ms' } },
  { name: 'the longest interval', env: { REGISTRAR_HEARTBEAT_INTERVAL: '5m' } },
  { name: 'the longest timeout that 5s takes', env: { REGISTRAR_REQUEST_TIMEOUT: '3499ms' } },
  {
    name: 'the longest timeout that 20s takes',
    env: { REGISTRAR_HEARTBEAT_INTERVAL: '20s', REGISTRAR_REQUEST_TIMEOUT: '15499ms' },
  },
  { name: 'a pod whose name has dots', env: { REGISTRAR_POD_NAME: 'web-0.a' } },
  { name: 'an IPv6 API server', env: { KUBERNETES_SERVICE_HOST: 'fd00:10:96::1' } },
  { name: 'variables of others', env: { PATH: '/bin', REGISTRARS_X: '1', XREGISTRAR_Y: '1' } },
];

for (const { name, env } of valid) {
  test(`is valid: ${name}`, () => assert.deepEqual(faults({ ...whole, ...env }), []));
}

/** Each case adds to a valid environment, and is exactly one fault. */
const invalid: readonly { readonly name: string; readonly env: Environment; readonly expect: RegExp }[] = [
  {
    name: 'a required setting that is not set',
    env: { REGISTRAR_CONFIGMAP: undefined },
    expect: /^REGISTRAR_CONFIGMAP is not set: must be a DNS name .*\. Set it: the ConfigMap with the port declarations/,
  },
  {
    name: 'a required setting that is empty counts as not set',
    env: { REGISTRAR_POD_NAME: '' },
    expect: /^REGISTRAR_POD_NAME is not set: /,
  },
  {
    name: 'a name with capitals',
    env: { REGISTRAR_CONFIGMAP: 'IPA' },
    expect: /^REGISTRAR_CONFIGMAP is "IPA": must be a DNS name of at most 253 lower-case letters.* Write for example /,
  },
  {
    name: 'a namespace is a label',
    env: { REGISTRAR_NAMESPACE: 'a.b' },
    expect: /^REGISTRAR_NAMESPACE is "a\.b": must be a DNS label/,
  },
  {
    name: 'white space around a value',
    env: { REGISTRAR_NAMESPACE: 'default\n' },
    expect: /^REGISTRAR_NAMESPACE is "default\\n": .* Take away the white space around it\.$/,
  },
  {
    name: 'a value of white space only',
    env: { REGISTRAR_CONTAINER_NAME: '  ' },
    expect: /^REGISTRAR_CONTAINER_NAME is " {2}": .*white space/,
  },
  {
    name: 'a duration without a unit',
    env: { REGISTRAR_HEARTBEAT_INTERVAL: '5' },
    expect:
      /^REGISTRAR_HEARTBEAT_INTERVAL is "5": must be a duration with its unit .* from 500ms to 5m\. Give the unit: 5s or 5ms\.$/,
  },
  {
    name: 'a duration with an unknown unit',
    env: { REGISTRAR_SHUTDOWN_BUDGET: '1h' },
    expect: /^REGISTRAR_SHUTDOWN_BUDGET is "1h": must be a duration/,
  },
  { name: 'a negative duration', env: { REGISTRAR_SHUTDOWN_BUDGET: '-1s' }, expect: /"-1s": must be a duration/ },
  {
    name: 'a duration of several units',
    env: { REGISTRAR_SHUTDOWN_BUDGET: '1m30s' },
    expect: /"1m30s": must be a duration/,
  },
  { name: 'a duration with a space', env: { REGISTRAR_SHUTDOWN_BUDGET: '5 s' }, expect: /"5 s": must be a duration/ },
  {
    name: 'an interval that is too short',
    env: { REGISTRAR_HEARTBEAT_INTERVAL: '499ms', REGISTRAR_REQUEST_TIMEOUT: '100ms' },
    expect: /from 500ms to 5m/,
  },
  { name: 'an interval that is too long', env: { REGISTRAR_HEARTBEAT_INTERVAL: '301s' }, expect: /from 500ms to 5m/ },
  { name: 'a timeout that is too short', env: { REGISTRAR_REQUEST_TIMEOUT: '99ms' }, expect: /from 100ms to 1m/ },
  { name: 'a budget that is too short', env: { REGISTRAR_SHUTDOWN_BUDGET: '999ms' }, expect: /from 1s to 10m/ },
  {
    name: 'a port out of range',
    env: { REGISTRAR_HTTP_PORT: '65536' },
    expect: /^REGISTRAR_HTTP_PORT is "65536": must be a port number from 0 to 65535\. Write for example 9797\.$/,
  },
  { name: 'a port in hexadecimal', env: { REGISTRAR_HTTP_PORT: '0x50' }, expect: /"0x50": must be a port number/ },
  { name: 'a port with a fraction', env: { REGISTRAR_HTTP_PORT: '80.5' }, expect: /"80\.5": must be a port number/ },
  {
    name: 'a service link in the place of a setting',
    env: { REGISTRAR_HTTP_PORT: 'tcp://10.0.0.7:80' },
    expect: /service link .*: set REGISTRAR_HTTP_PORT in the container, or enableServiceLinks: false on the pod\.$/,
  },
  {
    name: 'a level that is near one',
    env: { REGISTRAR_LOG_LEVEL: 'INFO' },
    expect: /^REGISTRAR_LOG_LEVEL is "INFO": must be one of debug, info, warn, error\. Did you mean info\?$/,
  },
  { name: 'a level that is near none', env: { REGISTRAR_LOG_LEVEL: '7' }, expect: /Write for example info\.$/ },
  {
    name: 'an unknown setting that is near one',
    env: { REGISTRAR_HEARTBEAT_INTERVALL: '5s' },
    expect:
      /^REGISTRAR_HEARTBEAT_INTERVALL is "5s": no setting has this name\. Did you mean REGISTRAR_HEARTBEAT_INTERVAL\?$/,
  },
  {
    name: 'a setting of a later version is unknown',
    env: { REGISTRAR_ZONE_FILE: 'x' },
    expect: /^REGISTRAR_ZONE_FILE is "x": no setting has this name\. Leave it out; --help lists the settings\.$/,
  },
  {
    name: 'a name that is a piece of a setting',
    env: { REGISTRAR_INTERVAL: '5s' },
    expect: /Did you mean REGISTRAR_HEARTBEAT_INTERVAL\?$/,
  },
  {
    name: 'a name in the words of another setting',
    env: { REGISTRAR_CONFIG_MAP: 'x' },
    expect: /Did you mean REGISTRAR_CONFIGMAP\?$/,
  },
  {
    name: 'a DNS server by name, which would have to be looked up itself',
    env: { REGISTRAR_DNS_SERVER: 'kube-dns.kube-system' },
    expect:
      /^REGISTRAR_DNS_SERVER is "kube-dns\.kube-system": must be "off", or an IP address.*for example 10\.96\.0\.10\.$/,
  },
  {
    name: 'a DNS server whose port is out of range',
    env: { REGISTRAR_DNS_SERVER: '10.96.0.10:65536' },
    expect: /^REGISTRAR_DNS_SERVER is "10\.96\.0\.10:65536": must be "off", or an IP address/,
  },
  {
    name: 'a DNS server of another address in brackets',
    env: { REGISTRAR_DNS_SERVER: '[10.96.0.10]:53' },
    expect: /^REGISTRAR_DNS_SERVER is .*: must be "off", or an IP address/,
  },
  {
    name: 'a cluster domain with a final dot',
    env: { REGISTRAR_CLUSTER_DOMAIN: 'cluster.local.' },
    expect: /^REGISTRAR_CLUSTER_DOMAIN is "cluster\.local\.": must be a DNS name/,
  },
  {
    name: 'an interval that leaves no room for a lost beat',
    env: { REGISTRAR_REQUEST_TIMEOUT: '3500ms' },
    expect:
      /^REGISTRAR_REQUEST_TIMEOUT is "3500ms": 1\.1 × interval \+ 2 × timeout \+ backoff must be less than .* with REGISTRAR_HEARTBEAT_INTERVAL=5s that is 13500ms against 13500ms\. Set REGISTRAR_REQUEST_TIMEOUT to at most 3499ms, or REGISTRAR_HEARTBEAT_INTERVAL to more\.$/,
  },
  {
    name: 'a default timeout does not fit a short interval',
    env: { REGISTRAR_HEARTBEAT_INTERVAL: '1s' },
    expect: /^REGISTRAR_REQUEST_TIMEOUT is "3s": .* Set REGISTRAR_REQUEST_TIMEOUT to at most 699ms/,
  },
  {
    name: 'neither a kubeconfig nor a pod',
    env: { KUBERNETES_SERVICE_HOST: undefined, KUBERNETES_SERVICE_PORT: undefined },
    expect:
      /^KUBECONFIG is not set: nothing says where the API server is: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT of a pod are not set either\. .*set KUBECONFIG/,
  },
  {
    name: 'half of what a pod has',
    env: { KUBERNETES_SERVICE_PORT: undefined, KUBECONFIG: '' },
    expect: /^KUBECONFIG is not set: .*: KUBERNETES_SERVICE_PORT of a pod is not set either/,
  },
  {
    name: 'an API server port of 0',
    env: { KUBERNETES_SERVICE_PORT: '0' },
    expect: /^KUBERNETES_SERVICE_PORT is "0": must be a port number from 1/,
  },
  {
    name: 'a URL for a host',
    env: { KUBERNETES_SERVICE_HOST: 'https://10.0.0.1' },
    expect: /^KUBERNETES_SERVICE_HOST is .* without scheme and port/,
  },
];

for (const { name, env, expect } of invalid) {
  test(`is one fault: ${name}`, () => {
    const given = faults({ ...whole, ...env });
    assert.equal(given.length, 1, given.join('\n'));
    assert.match(given[0] ?? '', expect);
  });
}

for (const { argv, expect } of [
  { argv: ['doctr'], expect: /^argument is "doctr": .* Did you mean doctor\?$/ },
  { argv: ['--hepl'], expect: /Did you mean --help\?$/ },
  { argv: ['rnu'], expect: /Did you mean run\?$/ },
  { argv: ['run', 'run'], expect: /^argument is "run": .* Leave it out\.$/ },
  { argv: [''], expect: /^argument is "": / },
]) {
  test(`is a fault: the arguments ${JSON.stringify(argv)}`, () => assert.match(faults(whole, argv).join('\n'), expect));
}

test('a misspelt command is told alone: no setting is missing to whoever types one', () => {
  assert.deepEqual(
    faults({}, ['stauts', '-n', 'x']).map((fault) => fault.split(':')[0]),
    ['argument is "stauts"', 'argument is "-n"', 'argument is "x"'],
  );
});

test('all faults come at once: arguments, unknown names, values, connection', () => {
  const given = faults({ REGISTRAR_X: 'a', REGISTRAR_HTTP_PORT: 'b', REGISTRAR_REQUEST_TIMEOUT: '4s' }, ['c']);
  assert.deepEqual(
    given.map((fault) => fault.split(' ', 1)[0]),
    [
      'argument',
      'REGISTRAR_X',
      'REGISTRAR_CONFIGMAP',
      'REGISTRAR_NAMESPACE',
      'REGISTRAR_POD_NAME',
      'REGISTRAR_HTTP_PORT',
      'KUBECONFIG',
      'REGISTRAR_REQUEST_TIMEOUT',
    ],
  );
});

test('a long value is cut in the fault', () => {
  const [fault = ''] = faults({ ...whole, REGISTRAR_NAMESPACE: 'a'.repeat(100_000) });
  assert.ok(fault.length < 400, fault);
});

test('a kubeconfig wins, and the variables of the pod are not even looked at', () => {
  const env = { ...whole, KUBECONFIG: '/k', KUBERNETES_SERVICE_HOST: '', KUBERNETES_SERVICE_PORT: 'x' };
  assert.deepEqual(config(env).config.connection, { kind: 'kubeconfig', path: '/k' });
});

test('service links of Services called registrar… are ignored with one warning that names them', () => {
  const links = {
    REGISTRAR_SERVICE_HOST: '10.0.0.1',
    REGISTRAR_SERVICE_PORT: '80',
    REGISTRAR_SERVICE_PORT_HTTP: '80',
    REGISTRAR_PORT: 'tcp://10.0.0.1:80',
    REGISTRAR_PORT_80_TCP: 'tcp://10.0.0.1:80',
    REGISTRAR_PORT_80_TCP_ADDR: '10.0.0.1',
    REGISTRAR_KDC_SERVICE_HOST: '10.0.0.2',
    REGISTRAR_KDC_PORT: 'tcp://10.0.0.2:88',
    REGISTRAR_KDC_PORT_88_TCP_PROTO: 'tcp',
  };
  const { warnings } = config({ ...whole, ...links });
  assert.equal(warnings.length, 1);
  for (const name of Object.keys(links)) assert.match(warnings[0] ?? '', new RegExp(`\\b${name}\\b`));
});

test('what only looks like a service link is still a fault', () => {
  assert.match(faults({ ...whole, REGISTRAR_HTP_PORT: '80' }).join(), /Did you mean REGISTRAR_HTTP_PORT\?/);
});

test('a request timeout below what is given anyway is reported as without effect', () => {
  const env = { ...whole, REGISTRAR_HEARTBEAT_INTERVAL: '1s', REGISTRAR_REQUEST_TIMEOUT: '500ms' };
  assert.deepEqual(config(env).warnings, [
    'REGISTRAR_REQUEST_TIMEOUT=500ms has no effect: with REGISTRAR_HEARTBEAT_INTERVAL=1s a request is given 600ms (0.6 × the interval, of that at most 15s)',
  ]);
});

test('a timeout that was not set is not reported', () =>
  assert.deepEqual(config({ ...whole, REGISTRAR_HEARTBEAT_INTERVAL: '1m' }).warnings, []));

test('the defaults and examples of the table are themselves valid', () => {
  for (const setting of Object.values<Setting<unknown>>(settings)) {
    const env = { ...whole, [setting.env]: setting.example };
    assert.deepEqual(faults(env), [], setting.env);
    if (setting.default !== undefined) assert.deepEqual(faults({ ...whole, [setting.env]: setting.default }), []);
    assert.equal(setting.fallback === 'default', setting.default !== undefined, setting.env);
  }
});

test('whatever the environment and the arguments are, there is an answer, and it is the same twice', () => {
  const names = fc.oneof(
    fc.constantFrom(...Object.values<Setting<unknown>>(settings).map(({ env }) => env)),
    fc.string().map((text) => `REGISTRAR_${text}`),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.dictionary(names, fc.string()), fc.array(fc.string()), (env, argv) => {
      const parsed = parseConfig({ ...whole, ...env }, argv);
      assert.deepEqual(parseConfig({ ...whole, ...env }, argv), parsed);
      if (parsed.kind === 'invalid') assert.ok(parsed.faults.length > 0);
    }),
  );
});

test('a timeout that the relation takes leaves room for one lost beat', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 500, max: 300_000 }),
      fc.integer({ min: 100, max: 60_000 }),
      (intervalMs, timeoutMs) => {
        const env = { REGISTRAR_HEARTBEAT_INTERVAL: `${intervalMs}ms`, REGISTRAR_REQUEST_TIMEOUT: `${timeoutMs}ms` };
        const gapMs = 1.1 * intervalMs + 2 * timeoutMs + Math.min(1000, intervalMs / 5);
        if (Math.abs(gapMs - 2.7 * intervalMs) < 1e-6) return;
        assert.equal(faults({ ...whole, ...env }).length === 0, gapMs < 2.7 * intervalMs);
      },
    ),
  );
});
