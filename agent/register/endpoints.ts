/** The register of one Service, kept in its shared Endpoints object. */
import type { Api } from '../kube/api.ts';
import type { Endpoints } from '../kube/objects.ts';
import { SKIP_MIRROR_LABEL } from '../plan/identity.ts';
import { readRegister } from '../plan/register.ts';
import { attempt } from './failure.ts';
import type { Register } from './register.ts';

/** The annotation that every created register carries, so that the map of annotations exists for the heartbeats. */
export const FORMAT_ANNOTATION = 'endpoint-registrar-format';

/** Builds the register of `service`. Its creation is a server-side apply of a constant body: idempotent between peers. */
export function createEndpointsRegister(
  api: Api,
  { namespace, service }: { readonly namespace: string; readonly service: string },
): Register {
  const body: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: service,
      namespace,
      labels: { [SKIP_MIRROR_LABEL]: 'true' },
      annotations: { [FORMAT_ANNOTATION]: '1' },
    },
  };
  return {
    read: (call) =>
      attempt(async () => {
        const found = await api.getEndpoints(service, call);
        return found.kind === 'absent' ? found : { kind: 'present', view: readRegister(found.object) };
      }),
    create: (call) =>
      attempt(async () => ({ kind: 'present', view: readRegister(await api.applyEndpoints(body, call)) })),
    write: (operations, call) =>
      attempt(async () => {
        const answer = await api.patchEndpoints(service, operations, call);
        switch (answer.kind) {
          case 'patched':
            return { kind: 'acknowledged', view: readRegister(answer.object) };
          case 'not-applied':
            return { kind: 'outrun' };
          case 'absent':
            return answer;
          default:
            return answer satisfies never;
        }
      }),
  };
}
