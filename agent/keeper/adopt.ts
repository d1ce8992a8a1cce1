/**
 * What a restarted container finds of itself: its own slices say under which Services it is registered, and with which
 * pairs. As long as no declaration can be read, that is what goes on.
 */
import type { EndpointSlice } from '../kube/objects.ts';
import type { Declaration, Declarations, DeclaredPort } from '../plan/declaration.ts';
import { SERVICE_NAME_LABEL } from '../plan/identity.ts';
import { readProtocol } from '../plan/pod.ts';

/** Reads own slices as declarations. */
export function adoptDeclarations(slices: readonly EndpointSlice[]): Declarations {
  const adopted = new Map<string, Declaration>();
  for (const slice of slices) {
    const service = slice.metadata?.labels?.[SERVICE_NAME_LABEL];
    if (service === undefined) continue;
    const ports = [...(adopted.get(service)?.ports ?? []), ...portsOf(slice)];
    adopted.set(service, { service, ports });
  }
  return adopted;
}

function portsOf(slice: EndpointSlice): readonly DeclaredPort[] {
  return (slice.ports ?? []).flatMap(({ name, port, protocol: text, appProtocol }) => {
    const protocol = readProtocol(text);
    if (name === undefined || port === undefined || protocol === undefined) return [];
    return [{ name, protocol, port, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}
