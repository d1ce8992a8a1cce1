/** What people edit while everything runs: the ConfigMap. */
import type { World } from './world.ts';

/** Replaces the declaration of the Service by what `edit` makes of its text. Throws Error where that changes nothing. */
export async function editDeclaration({ kubectl }: World, edit: (text: string) => string): Promise<void> {
  const text = await kubectl(['get', 'configmap', 'endpoint-registrar', '--output=jsonpath={.data.ipa}']);
  const edited = edit(text);
  if (edited === text) throw new Error(`the edit found nothing to change in:\n${text}`);
  const patch = JSON.stringify({ data: { ipa: edited } });
  await kubectl(['patch', 'configmap', 'endpoint-registrar', '--type=merge', `--patch=${patch}`]);
}
