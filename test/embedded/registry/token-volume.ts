/** The volume with the ServiceAccount's token that admission adds to each pod, and mounts in each container. Seen on Kubernetes 1.37.2. */
import { asList, asObject, type JsonObject } from '../objects/json.ts';

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

const sources = [
  { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
  { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  {
    downwardAPI: {
      items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
    },
  },
];

/** The spec with the volume; as it is where `automountServiceAccountToken` is false or every container mounts the path itself. */
export function withTokenVolume(spec: JsonObject, suffix: string): JsonObject {
  if (spec['automountServiceAccountToken'] === false) return spec;
  const name = `kube-api-access-${suffix}`;
  const lists = ['initContainers', 'containers'].filter((key) => Array.isArray(spec[key]));
  const isBare = (container: unknown): boolean =>
    !mountsOf(container).some((mount) => mount['mountPath'] === MOUNT_PATH);
  if (!lists.some((key) => asList(spec[key]).some(isBare))) return spec;
  const mount = { name, readOnly: true, mountPath: MOUNT_PATH };
  const mounted = lists.map((key) => [
    key,
    asList(spec[key]).map((container) =>
      isBare(container) ? { ...asObject(container), volumeMounts: [...mountsOf(container), mount] } : container,
    ),
  ]);
  const volume = { name, projected: { sources, defaultMode: 420 } };
  return { ...spec, ...Object.fromEntries(mounted), volumes: [...asList(spec['volumes']), volume] };
}

const mountsOf = (container: unknown): readonly JsonObject[] =>
  asList(asObject(container)['volumeMounts']).map(asObject);
