/** Cluster DNS follows the slices. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../../embedded/objects/json.ts';
import { until } from '../../support/until.ts';
import type { Case } from '../case.ts';
import { pair, slice } from '../shapes.ts';
import { expectSuccess, type World } from '../world.ts';

const headless: JsonObject = { clusterIP: 'None' };
const endpoint = (index: number, change: JsonObject = {}): JsonObject => ({
  addresses: [`10.1.0.${index}`],
  conditions: { ready: true },
  hostname: `ipa-${index}`,
  ...change,
});
const udp = [pair('kerberos', 88, 'UDP')];
const srv = (weight: number, port: number, target: string): string =>
  `SRV 0 ${weight} ${port} ${target}.ipa.NAMESPACE.svc.cluster.local`;

const serve = (world: World, spec: JsonObject = headless): Promise<JsonObject> =>
  world.create(world.core('services'), { metadata: { name: 'ipa' }, spec });
const publish = (world: World, name: string, change: JsonObject, metadata: JsonObject = {}): Promise<JsonObject> =>
  world.create(world.slices(), slice(name, change, metadata));
const twoOverTcp = { endpoints: [endpoint(0), endpoint(1)] };

const answers: readonly Case[] = [
  {
    name: 'an SRV record for each endpoint of a pair, the weight shared',
    run: async (world) => {
      await serve(world);
      await publish(world, 'tcp', twoOverTcp);
      await world.resolves('SRV', '_kerberos._tcp.ipa', [srv(50, 88, 'ipa-0'), srv(50, 88, 'ipa-1')]);
    },
  },
  {
    name: 'TCP and UDP slices of one name are answered each under its protocol, and addresses once',
    run: async (world) => {
      await serve(world);
      await publish(world, 'tcp', twoOverTcp);
      await publish(world, 'udp', { endpoints: [endpoint(0)], ports: udp });
      await world.resolves('SRV', '_kerberos._udp.ipa', [srv(100, 88, 'ipa-0')]);
      await world.resolves('SRV', '_kerberos._tcp.ipa', [srv(50, 88, 'ipa-0'), srv(50, 88, 'ipa-1')]);
      await world.resolves('A', 'ipa', ['A 10.1.0.0', 'A 10.1.0.1']);
    },
  },
  {
    name: 'a hostname has the address of its endpoint',
    run: async (world) => {
      await serve(world);
      await publish(world, 'tcp', twoOverTcp);
      await world.resolves('A', 'ipa-1.ipa', ['A 10.1.0.1']);
    },
  },
  {
    name: 'without a hostname the target is the address with dashes',
    run: async (world) => {
      await serve(world);
      await publish(world, 'tcp', { endpoints: [{ addresses: ['10.1.0.7'], conditions: { ready: true } }] });
      await world.resolves('SRV', '_kerberos._tcp.ipa', [srv(100, 88, '10-1-0-7')]);
    },
  },
  {
    name: 'ready=false is hidden, also where the Service publishes what is not ready',
    run: async (world) => {
      await serve(world, { ...headless, publishNotReadyAddresses: true });
      const endpoints = [endpoint(0), endpoint(1, { conditions: { ready: false } })];
      await publish(world, 'tcp', { endpoints });
      await world.resolves('SRV', '_kerberos._tcp.ipa', [srv(100, 88, 'ipa-0')]);
    },
  },
  {
    name: 'an endpoint whose readiness is not known is answered',
    run: async (world) => {
      await serve(world);
      await publish(world, 'tcp', { endpoints: [endpoint(0, { conditions: {} })] });
      await world.resolves('SRV', '_kerberos._tcp.ipa', [srv(100, 88, 'ipa-0')]);
    },
  },
  {
    name: 'a slice without ports gives addresses and no SRV',
    run: async (world) => {
      await serve(world);
      await publish(world, 'bare', { endpoints: [endpoint(0)], ports: [] });
      await world.resolves('A', 'ipa', ['A 10.1.0.0']);
      await world.resolves('A', 'ipa-0.ipa', ['A 10.1.0.0']);
      assert.equal((await world.resolve('SRV', '_kerberos._tcp.ipa')).rcode, 'NXDOMAIN');
    },
  },
  {
    name: 'beside a slice without ports, one with UDP gives that SRV alone, and addresses once',
    run: async (world) => {
      await serve(world);
      await publish(world, 'bare', { endpoints: [endpoint(0)], ports: [] });
      await publish(world, 'udp', { endpoints: [endpoint(0)], ports: udp });
      await world.resolves('SRV', '_kerberos._udp.ipa', [srv(100, 88, 'ipa-0')]);
      await world.resolves('A', 'ipa', ['A 10.1.0.0']);
    },
  },
  {
    name: 'an endpoint that is ready though not serving is answered',
    run: async (world) => {
      await serve(world);
      await publish(world, 'tcp', { endpoints: [endpoint(0, { conditions: { ready: true, serving: false } })] });
      await world.resolves('SRV', '_kerberos._tcp.ipa', [srv(100, 88, 'ipa-0')]);
    },
  },
  {
    name: 'slices of two families of one hostname are one SRV target with A and AAAA, and half the weight',
    run: async (world) => {
      await serve(world);
      await publish(world, 'four', { endpoints: [endpoint(0)] });
      await publish(world, 'six', { addressType: 'IPv6', endpoints: [endpoint(0, { addresses: ['fd00::5'] })] });
      await world.resolves('AAAA', 'ipa-0.ipa', ['AAAA fd00::5']);
      await world.resolves('A', 'ipa-0.ipa', ['A 10.1.0.0']);
      await world.resolves('SRV', '_kerberos._tcp.ipa', [srv(50, 88, 'ipa-0')]);
      const { additionals } = await world.resolve('SRV', '_kerberos._tcp.ipa');
      assert.deepEqual(additionals, ['A 10.1.0.0', 'AAAA fd00::5']);
    },
  },
  {
    name: 'an IPv6 slice without ports gives AAAA and no SRV',
    run: async (world) => {
      await serve(world);
      const endpoints = [endpoint(0, { addresses: ['fd00::5'] })];
      await publish(world, 'bare', { addressType: 'IPv6', endpoints, ports: [] });
      await world.resolves('AAAA', 'ipa-0.ipa', ['AAAA fd00::5']);
      assert.equal((await world.resolve('SRV', '_kerberos._tcp.ipa')).rcode, 'NXDOMAIN');
    },
  },
  {
    name: 'an IPv6 slice gives AAAA',
    run: async (world) => {
      await serve(world);
      const endpoints = [{ addresses: ['fd00::5'], conditions: { ready: true }, hostname: 'ipa-0' }];
      await publish(world, 'six', { addressType: 'IPv6', endpoints });
      await world.resolves('AAAA', 'ipa-0.ipa', ['AAAA fd00::5']);
    },
  },
  {
    name: 'a Service with a cluster IP has the SRV of its own ports, once it has an endpoint',
    run: async (world) => {
      const ports = [pair('kerberos', 88), pair('kerberos-udp', 88, 'UDP')];
      await serve(world, { ports });
      await publish(world, 'tcp', { endpoints: [endpoint(0)] });
      const own = 'SRV 0 100 88 ipa.NAMESPACE.svc.cluster.local';
      await world.resolves('SRV', '_kerberos._tcp.ipa', [own]);
      await world.resolves('SRV', '_kerberos-udp._udp.ipa', [own]);
      assert.deepEqual((await world.resolve('SRV', '_kerberos._udp.ipa')).records, []);
    },
  },
  {
    name: 'a slice whose Service is absent is not answered',
    run: async (world) => {
      await publish(world, 'tcp', twoOverTcp);
      await world.create(world.core('services'), { metadata: { name: 'other' }, spec: headless });
      await publish(world, 'other', twoOverTcp, { labels: { 'kubernetes.io/service-name': 'other' } });
      await world.resolves('A', 'other', ['A 10.1.0.0', 'A 10.1.0.1']);
      assert.equal((await world.resolve('SRV', '_kerberos._tcp.ipa')).rcode, 'NXDOMAIN');
    },
  },
];

const messages: readonly Case[] = [
  {
    name: 'an SRV answer brings the addresses of its targets',
    run: async (world) => {
      await serve(world);
      await publish(world, 'tcp', { endpoints: [endpoint(0)] });
      await world.resolves('SRV', '_kerberos._tcp.ipa', [srv(100, 88, 'ipa-0')]);
      assert.deepEqual((await world.resolve('SRV', '_kerberos._tcp.ipa')).additionals, ['A 10.1.0.0']);
    },
  },
  {
    name: 'NXDOMAIN brings the SOA of the cluster domain',
    run: async (world) => {
      const { rcode, authorities } = await world.resolve('SRV', '_kerberos._tcp.ipa');
      assert.equal(rcode, 'NXDOMAIN');
      assert.equal(authorities.length, 1);
      assert.match(
        String(authorities[0]),
        /^SOA ns\.dns\.cluster\.local hostmaster\.cluster\.local \d+ 7200 1800 86400 \d+$/,
      );
    },
  },
  {
    name: 'a name without an address of the family asked for is NOERROR without records',
    run: async (world) => {
      await serve(world);
      await publish(world, 'tcp', { endpoints: [endpoint(0)] });
      await world.resolves('A', 'ipa', ['A 10.1.0.0']);
      const { rcode, records, authorities } = await world.resolve('AAAA', 'ipa');
      assert.deepEqual([rcode, records, authorities.length], ['NOERROR', [], 1]);
    },
  },
  {
    name: 'an answer that is too long for UDP is whole over TCP',
    run: async (world) => {
      await serve(world);
      const endpoints = Array.from({ length: 60 }, (_, index) => endpoint(index));
      await publish(world, 'tcp', { endpoints });
      const expect = endpoints.map((_, index) => srv(1, 88, `ipa-${index}`));
      await world.resolves('SRV', '_kerberos._tcp.ipa', expect);
    },
  },
];

const follows: readonly Case[] = [
  {
    name: 'an endpoint that turns unready is gone',
    run: async (world) => {
      await serve(world);
      await publish(world, 'tcp', twoOverTcp);
      await world.resolves('A', 'ipa', ['A 10.1.0.0', 'A 10.1.0.1']);
      const endpoints = [endpoint(0), endpoint(1, { conditions: { ready: false } })];
      expectSuccess(await world.admin.patch('merge', world.slices('tcp'), { endpoints }));
      await world.resolves('A', 'ipa', ['A 10.1.0.0']);
    },
  },
  {
    name: 'a slice that is deleted is gone: NXDOMAIN with the last',
    run: async (world) => {
      await serve(world);
      await publish(world, 'tcp', twoOverTcp);
      await world.resolves('A', 'ipa', ['A 10.1.0.0', 'A 10.1.0.1']);
      await world.admin.delete(world.slices('tcp'));
      await until(async () => {
        const seen = [await world.resolve('SRV', '_kerberos._tcp.ipa'), await world.resolve('A', 'ipa')];
        assert.deepEqual(
          seen.map(({ rcode }) => rcode),
          ['NXDOMAIN', 'NXDOMAIN'],
        );
      });
    },
  },
  {
    name: 'a Service that is deleted is not answered any more, though its slices stay',
    run: async (world) => {
      await serve(world);
      await publish(world, 'tcp', twoOverTcp);
      await world.resolves('A', 'ipa', ['A 10.1.0.0', 'A 10.1.0.1']);
      await world.admin.delete(world.core('services', 'ipa'));
      await world.resolves('A', 'ipa', []);
      assert.equal((await world.admin.get(world.slices('tcp'))).status, 200);
    },
  },
  {
    name: "mirrored Endpoints without the trap are answered, pods that are not ready aren't",
    run: async (world) => {
      await serve(world);
      const at = (index: number): JsonObject => ({ ip: `10.1.0.${index}`, hostname: `ipa-${index}` });
      const subset = { addresses: [at(0)], notReadyAddresses: [at(1)], ports: [pair('kerberos', 88)] };
      await world.create(world.core('endpoints'), { metadata: { name: 'ipa' }, subsets: [subset] });
      await world.resolves('SRV', '_kerberos._tcp.ipa', [srv(100, 88, 'ipa-0')]);
    },
  },
  {
    name: 'a Service with a selector and no ports gives the names of its pods and no SRV, with the flag before they are ready',
    run: async (world) => {
      await serve(world, { ...headless, selector: { app: 'ipa' }, publishNotReadyAddresses: true });
      const labels = { app: 'ipa' };
      const pod = { name: 'ipa-0', ip: '10.1.0.0', labels, hostname: 'ipa-0', subdomain: 'ipa' };
      await world.createPod({ ...pod, ready: false });
      await world.resolves('A', 'ipa-0.ipa', ['A 10.1.0.0']);
      assert.equal((await world.resolve('SRV', '_kerberos._udp.ipa')).rcode, 'NXDOMAIN');
      await publish(world, 'udp', { endpoints: [endpoint(0)], ports: udp });
      await world.resolves('SRV', '_kerberos._udp.ipa', [srv(100, 88, 'ipa-0')]);
      await world.resolves('A', 'ipa-0.ipa', ['A 10.1.0.0']);
    },
  },
  {
    name: 'a pod without hostname and subdomain has no name of its own there, only one made of its address',
    run: async (world) => {
      await serve(world, { ...headless, selector: { app: 'ipa' }, publishNotReadyAddresses: true });
      await world.createPod({ name: 'ipa-0', ip: '10.1.0.0', labels: { app: 'ipa' }, ready: false });
      await world.resolves('A', '10-1-0-0.ipa', ['A 10.1.0.0']);
      assert.equal((await world.resolve('A', 'ipa-0.ipa')).rcode, 'NXDOMAIN');
    },
  },
  {
    name: 'an own UDP slice supplements the TCP port of a Service with a selector',
    run: async (world) => {
      await serve(world, { ...headless, selector: { app: 'ipa' }, ports: [pair('kerberos', 88)] });
      const labels = { app: 'ipa' };
      await world.createPod({ name: 'ipa-0', ip: '10.1.0.0', labels, hostname: 'ipa-0', subdomain: 'ipa' });
      await publish(world, 'udp', { endpoints: [endpoint(0)], ports: udp });
      await world.resolves('SRV', '_kerberos._tcp.ipa', [srv(100, 88, 'ipa-0')]);
      await world.resolves('SRV', '_kerberos._udp.ipa', [srv(100, 88, 'ipa-0')]);
      await world.resolves('A', 'ipa', ['A 10.1.0.0']);
    },
  },
];

/** All of them. */
export const dnsCases: readonly Case[] = [...answers, ...messages, ...follows];
