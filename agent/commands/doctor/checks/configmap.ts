/** Checks the ConfigMap with the agents' own reader: every fault with key, line and column. */
import { nextDeclarations, noDeclarations } from '../../../declarations/newest.ts';
import type { Declarations } from '../../../plan/declaration.ts';
import type { Facts } from '../facts.ts';
import { type Outcome, under } from '../result.ts';

/** Whether it is there, valid, and declares something. */
export function checkConfigMap({ configMap, configMapName, declared, namespace }: Facts): readonly Outcome[] {
  const say = under(`ConfigMap ${configMapName}`);
  if (configMap.kind !== 'seen') return [say.skipped(`ConfigMap ${configMapName}: ${configMap.why}`)];
  if (declared === undefined) {
    return [
      say.failure(
        `ConfigMap ${configMapName}: there is none in namespace ${namespace}, so nothing is declared`,
        'Create it, with a key for each Service; if yours has another name, give --configmap NAME or --namespace.',
      ),
    ];
  }
  const { finding } = nextDeclarations(noDeclarations, declared, { name: configMapName });
  const told = finding === undefined ? [] : [say.finding(finding)];
  if (declared.kind === 'invalid') return told;
  const { declarations } = declared;
  if (declarations.size === 0) {
    const remedy = 'Add a key for each Service, with its ports.';
    return [
      ...told,
      say.warning(`ConfigMap ${configMapName}: it is valid, and has no key: it declares nothing`, remedy),
    ];
  }
  return [...told, say.ok(`ConfigMap ${configMapName}: valid, declares ${listPairs(declarations)}`)];
}

function listPairs(declarations: Declarations): string {
  return [...declarations.values()]
    .map(({ service, ports }) => `${ports.length} pair${ports.length === 1 ? '' : 's'} for Service ${service}`)
    .join(', ');
}
