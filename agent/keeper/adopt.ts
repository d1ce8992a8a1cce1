/**
 * What a restarted container finds of itself: its own slices say under which Services it is registered, and with which
 * pairs; none where only its name is published. As long as no declaration can be read, that is what goes on.
 */
import type { EndpointSlice } from '../kube/objects.ts';
import type { Declarations } from '../plan/declaration.ts';
import { SERVICE_NAME_LABEL } from '../plan/identity.ts';
import { pairsIn } from '../plan/slices.ts';

/** Reads own slices as declarations. Pairs that stand for a workload that is not ready were declared so. */
export function adoptDeclarations(slices: readonly EndpointSlice[]): Declarations {
  const byService = Map.groupBy(slices, ({ metadata }) => metadata?.labels?.[SERVICE_NAME_LABEL] ?? '');
  byService.delete('');
  return new Map(
    [...byService].map(([service, own]) => {
      const early = own.some(isOfUnready) ? { publishNotReadyAddresses: true } : {};
      return [service, { service, ports: pairsIn(own), ...early }];
    }),
  );
}

function isOfUnready({ endpoints }: EndpointSlice): boolean {
  return (endpoints ?? []).some(({ conditions }) => conditions?.ready === true && conditions.serving === false);
}
