/** A step that came out otherwise than expected: the story ends there, and the exit code says so. */

/** Says in one sentence what was seen instead. Anything else that is thrown is a fault of the demo itself. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected';
}
