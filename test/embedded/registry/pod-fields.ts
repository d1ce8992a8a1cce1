/** What the server fills in in a Pod: image pull policies, service account, phase, quality of service. Seen on Kubernetes 1.37.2. */
import { asList, asObject, asString, type JsonObject } from '../objects/json.ts';
import { nameSuffix } from './generated-name.ts';
import { withTokenVolume } from './token-volume.ts';

/** Defaults that the writer owns. */
export function fillPodDefaults(object: JsonObject): JsonObject {
  const spec = asObject(object['spec']);
  const filled: Record<string, unknown> = { ...spec };
  for (const key of ['containers', 'initContainers']) {
    if (Array.isArray(spec[key]))
      filled[key] = asList(spec[key]).map((container) => withPullPolicy(asObject(container)));
  }
  return { ...object, spec: { ...filled, securityContext: spec['securityContext'] ?? {} } };
}

function withPullPolicy(container: JsonObject): JsonObject {
  if (container['imagePullPolicy'] !== undefined) return container;
  const image = asString(container['image']) ?? '';
  const tag = /:([^/:]+)$/.exec(image.split('@')[0] ?? '')?.[1];
  const isFixed = image.includes('@') || (tag !== undefined && tag !== 'latest');
  return { ...container, imagePullPolicy: isFixed ? 'IfNotPresent' : 'Always' };
}

const tolerations = ['not-ready', 'unreachable'].map((condition) => ({
  key: `node.kubernetes.io/${condition}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
}));

/** A new Pod as admission leaves it. */
export function preparePod(object: JsonObject): JsonObject {
  const spec = asObject(object['spec']);
  const serviceAccount = asString(spec['serviceAccountName']) ?? asString(spec['serviceAccount']) ?? 'default';
  return {
    ...object,
    spec: {
      ...withTokenVolume(spec, nameSuffix()),
      serviceAccountName: serviceAccount,
      serviceAccount,
      tolerations: spec['tolerations'] ?? tolerations,
      priority: spec['priority'] ?? 0,
      preemptionPolicy: spec['preemptionPolicy'] ?? 'PreemptLowerPriority',
    },
    status: { phase: 'Pending', qosClass: 'BestEffort' },
  };
}
