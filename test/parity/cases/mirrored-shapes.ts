/** Which subsets the mirroring controller can mirror, and the trap that the agent exists for. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../../embedded/objects/json.ts';
import { type Case, listAt } from '../case.ts';
import { both, edit, mirrors, mirrorsStill, over, publish, T12, U12 } from '../mirrored-service.ts';
import { address, addressWithoutUid, pair } from '../shapes.ts';

/** Subsets, and what is mirrored of them. */
const shapes: readonly {
  readonly name: string;
  readonly given: readonly JsonObject[];
  readonly expect: readonly string[];
}[] = [
  { name: 'TCP alone is one slice', given: [over('TCP', both)], expect: [T12] },
  {
    name: 'TCP and UDP without uids on UDP are two slices',
    given: [over('TCP', both), over('UDP', [addressWithoutUid(1), addressWithoutUid(2)])],
    expect: [T12, U12],
  },
  {
    name: 'TCP and UDP without a targetRef on UDP are two slices',
    given: [over('TCP', both), over('UDP', [{ ip: '10.1.0.1' }, { ip: '10.1.0.2' }])],
    expect: [T12, U12],
  },
  {
    name: 'TCP and UDP of different pods are two slices',
    given: [over('TCP', both), over('UDP', [address(1)])],
    expect: [T12, 'UDP kerberos 10.1.0.1'],
  },
  {
    name: 'ports of different names of the same pods merge into one slice',
    given: [over('TCP', both), { addresses: both, ports: [pair('ldap', 389)] }],
    expect: ['TCP kerberos TCP ldap 10.1.0.1 10.1.0.2'],
  },
  {
    name: 'an address that is not ready is mirrored as not ready',
    given: [{ addresses: [address(1)], notReadyAddresses: [address(2)], ports: [pair('kerberos', 88)] }],
    expect: [`${T12}!`],
  },
  {
    name: 'IPv4 and IPv6 addresses are two slices',
    given: [over('TCP', [{ ip: '10.1.0.1' }, { ip: 'fd00::1' }])],
    expect: ['TCP kerberos 10.1.0.1', 'TCP kerberos fd00::1'],
  },
  {
    name: 'a subset without ports is a slice without ports',
    given: [{ addresses: both }],
    expect: ['10.1.0.1 10.1.0.2'],
  },
];

/** What the trap makes of the same pods over TCP and UDP. */
const trapped: readonly { readonly name: string; readonly given: readonly JsonObject[] }[] = [
  { name: 'of the same pods with uids', given: [over('TCP', both), over('UDP', both)] },
  {
    name: 'of the same addresses without targetRefs',
    given: [over('TCP', [{ ip: '10.1.0.1' }]), over('UDP', [{ ip: '10.1.0.1' }])],
  },
];

const trap: readonly Case[] = [
  ...trapped.map(
    ({ name, given }): Case => ({
      name: `TCP and UDP ${name} are mirrored not at all, and no Event tells`,
      run: async (world) => {
        await publish(world, given);
        await mirrorsStill(world, []);
        const events = listAt((await world.admin.get(world.core('events'))).body, 'items');
        assert.deepEqual(
          events.filter(({ involvedObject }) => JSON.stringify(involvedObject).includes('"ipa"')),
          [],
        );
      },
    }),
  ),
  {
    name: 'good that turns bad leaves stale answers, until it is good again',
    run: async (world) => {
      await publish(world, [over('TCP', both), over('UDP', [address(1)])]);
      const good = [T12, 'UDP kerberos 10.1.0.1'];
      await mirrors(world, good);
      await edit(world, { subsets: [over('TCP', both), over('UDP', both)] });
      await mirrorsStill(world, good);
      await edit(world, { subsets: [over('TCP', [address(2)]), over('UDP', [address(2)])] });
      await mirrorsStill(world, good);
      await edit(world, { subsets: [over('TCP', [address(2)]), over('UDP', [addressWithoutUid(2)])] });
      await mirrors(world, ['TCP kerberos 10.1.0.2', 'UDP kerberos 10.1.0.2']);
    },
  },
];

/** All of them. */
export const mirroredShapeCases: readonly Case[] = [
  ...shapes.map(
    ({ name, given, expect }): Case => ({
      name,
      run: async (world) => {
        await publish(world, given);
        await mirrors(world, expect);
      },
    }),
  ),
  ...trap,
];
