/** What a component of the cluster is to those who start it: a command, the files it reads, and how to see that it is ready. */

/** A file to be written before the start. */
export interface PartFile {
  readonly path: string;
  readonly text: string;
}

/**
 * One component. `health` is asked until it answers 200: from outside the machine, without a client certificate,
 * so it is an address that every machine of the cluster can reach.
 */
export interface Part {
  readonly name: string;
  readonly command: readonly string[];
  readonly files: readonly PartFile[];
  readonly health: string;
}
