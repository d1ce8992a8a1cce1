/** What fast-check draws from: small worlds of five pods, three strangers and FreeIPA's pairs, so that things collide. */
import fc from 'fast-check';
import type { EndpointAddress, EndpointSubset, Endpoints } from '../../agent/kube/objects.ts';
import type { Pair } from '../../agent/plan/pairs.ts';
import { addressIn, annotated, beating, endpointsOf, labelled, strangerIn, unmirrored } from './endpoints.ts';
import { freeIpaPairs, kerberosTcp, ldapTcp } from './pairs.ts';

/** The pods that there are. */
export const podNames = ['ipa-0', 'ipa-1', 'ipa-2', 'ipa-3', 'ipa-4'] as const;

/** One pod's name. */
export const podName = fc.constantFrom(...podNames);

/** Some of FreeIPA's pairs, in their order; now and then one with another port number or appProtocol. */
export const somePairs: fc.Arbitrary<readonly Pair[]> = fc.oneof(
  { weight: 4, arbitrary: fc.subarray([...freeIpaPairs]) },
  { weight: 1, arbitrary: fc.constantFrom([{ ...kerberosTcp, port: 1088 }], [{ ...ldapTcp, appProtocol: 'ldap' }]) },
);

const address: fc.Arbitrary<EndpointAddress> = fc.oneof(
  podName.map(addressIn),
  fc.constantFrom('10.9.9.1', '10.9.9.2', '10.9.9.3').map(strangerIn),
);

/** Any subset: of one pair as we make them, of several ports, with strangers, unready addresses and unknown fields. */
const subset: fc.Arbitrary<EndpointSubset> = fc
  .record({
    addresses: fc.array(address, { minLength: 1, maxLength: 4 }),
    notReadyAddresses: fc.option(fc.array(address, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 4 }),
    ports: fc.oneof(
      fc.constantFrom(...freeIpaPairs).map((pair) => [{ ...pair }]),
      fc.subarray([...freeIpaPairs], { minLength: 2 }),
    ),
    unknown: fc.option(fc.constant({ futureField: { kept: true } }), { nil: undefined, freq: 4 }),
  })
  .map(({ addresses, notReadyAddresses, ports, unknown }) => ({
    addresses,
    ports,
    ...(notReadyAddresses === undefined ? {} : { notReadyAddresses }),
    ...unknown,
  }));

/** Any subsets. */
export const subsets: fc.Arbitrary<readonly EndpointSubset[]> = fc.array(subset, { maxLength: 5 });

/** Any Endpoints object: some pods beat, others only left addresses; labels and annotations of others are there too. */
export const endpoints: fc.Arbitrary<Endpoints> = fc
  .record({
    subsets,
    beats: fc.subarray([...podNames]),
    traits: fc.subarray([unmirrored, labelled('app', 'ipa'), annotated('example.org/note', 'theirs')]),
  })
  .map(({ subsets: held, beats, traits }) =>
    endpointsOf('ipa', ...traits, ...beats.map((name) => beating(name)), (object) =>
      held.length === 0 ? object : { ...object, subsets: held },
    ),
  );
