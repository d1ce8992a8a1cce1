/** What a write says about itself, apart from the object. */

/** Who writes, how strictly unknown fields are taken, and where warnings go. */
export type WriteOptions = {
  readonly manager: string;
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  /** Everything but the storing. */
  readonly dryRun: boolean;
  /** `''` for the object, `status` for its status. */
  readonly subresource: string;
  /** Takes the text of each warning that the answer carries. */
  readonly warn: (text: string) => void;
};

/** How the controllers write. */
export const controllerOptions: WriteOptions = {
  manager: 'kube-controller-manager',
  fieldValidation: 'Ignore',
  dryRun: false,
  subresource: '',
  warn: () => {},
};

/** Now, as the server writes it: RFC 3339, whole seconds. */
export function timestamp(now: Date = new Date()): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}
