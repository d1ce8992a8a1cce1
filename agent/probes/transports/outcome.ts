/** How one exchange with a daemon ended, and the words for what the network did to it. */

/** `reason` stands after the probe's name and a colon, e.g. `no answer within 1000 ms`. */
export type Outcome = { readonly kind: 'healthy' } | { readonly kind: 'sick'; readonly reason: string };

/** Where an exchange takes place. `address`: an IP address, of either family. */
export type Place = { readonly address: string; readonly port: number };

/** What an error of a socket means here. Others are told by their own message. */
const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed while the question was sent',
  EHOSTUNREACH: 'the address cannot be reached',
  ENETUNREACH: 'there is no route to the address',
  EMFILE: 'this process has no file descriptor left for a socket',
};

/** An error as a clause, e.g. `nothing listens there (ECONNREFUSED)`. */
export function showError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const meaning = meanings[code];
  return meaning === undefined ? error.message : `${meaning} (${code})`;
}
