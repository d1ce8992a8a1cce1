/** How long work tells people how far it is. */

/** Takes one line, without a newline: `etcd is ready`. */
export type Report = (line: string) => void;
