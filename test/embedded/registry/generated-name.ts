/** Names that the server makes up: `generateName` and five letters. */

const letters = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const MAX_LENGTH = 63;

/** Five random letters, none of them a vowel. */
export function nameSuffix(): string {
  return Array.from({ length: SUFFIX_LENGTH }, () => letters[Math.floor(Math.random() * letters.length)]).join('');
}

/** A name from its beginning, cut so that the suffix fits. */
export function generatedName(base: string): string {
  return `${base.slice(0, MAX_LENGTH - SUFFIX_LENGTH)}${nameSuffix()}`;
}
