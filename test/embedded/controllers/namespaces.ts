/** Fills a new namespace with what every one has, and empties one that is being terminated before it goes. */
import type { ResourceName } from '../objects/kinds.ts';
import { resources } from '../registry/resources.ts';
import { controllerOptions } from '../registry/write-options.ts';
import { type Change, keyOf, type ObjectKey } from '../storage/store.ts';
import { type Controller, type ControllerDeps, createController } from './controller.ts';

const contents: readonly ResourceName[] = Object.values(resources)
  .filter(({ isNamespaced }) => isNamespaced)
  .map(({ resource }) => resource);

const ROOT_CA = 'kube-root-ca.crt';
const DESCRIPTION = 'kubernetes.io/description';
const rootCaText =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** Builds the controller. `ca` is what clients verify the server with. */
export function createNamespaceController(
  deps: ControllerDeps & {
    readonly ca: string;
  },
): Controller {
  const { store, registry } = deps;

  const furnish = (namespace: string): void => {
    const account = { namespace, name: 'default' };
    if (store.get('serviceaccounts', account) === undefined) {
      registry.create('serviceaccounts', namespace, { metadata: { name: 'default' } }, controllerOptions);
    }
    if (store.get('configmaps', { namespace, name: ROOT_CA }) === undefined) {
      const object = {
        metadata: { name: ROOT_CA, annotations: { [DESCRIPTION]: rootCaText } },
        data: { 'ca.crt': deps.ca },
      };
      registry.create('configmaps', namespace, object, controllerOptions);
    }
  };

  const empty = (namespace: string): void => {
    const left = contents.flatMap((name) =>
      store.list(name, namespace).map((object) => ({ name, key: keyOf(object) })),
    );
    for (const { name, key } of left) registry.remove(name, key);
  };

  return createController({
    store,
    activity: deps.activity,
    delayMs: deps.delayMs,
    watches: [
      { resource: 'namespaces', keys: ({ object }) => [keyOf(object)] },
      // What is held by a grace period or a finalizer holds its namespace.
      ...contents.map((resource) => ({
        resource,
        keys: ({ type, object }: Change) => (type === 'DELETED' ? [namespaceKey(object.metadata.namespace)] : []),
      })),
    ],
    all: () => store.list('namespaces').map(keyOf),
    sync: (key) => {
      const namespace = store.get('namespaces', key);
      if (namespace === undefined) return;
      if (namespace.metadata.deletionTimestamp === undefined) furnish(key.name);
      else {
        empty(key.name);
        if (contents.every((name) => store.list(name, key.name).length === 0)) store.remove('namespaces', key);
      }
    },
  });
}

const namespaceKey = (name = ''): ObjectKey => ({ namespace: '', name });
