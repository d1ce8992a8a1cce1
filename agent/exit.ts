/**
 * How the process ends, as data: `main` alone exits, everybody else names the ending.
 */

/** Every exit code and what it tells whoever started the agent. The README's table is made from this one. */
export const exitCodes = {
  withdrawn: { code: 0, meaning: 'withdrawn: nothing of this pod is left in the cluster' },
  fault: { code: 1, meaning: 'a fault of the agent itself, or of what it needs on its own machine (a port in use)' },
  'bad-configuration': {
    code: 2,
    meaning: 'bad configuration: a setting or an argument is wrong; nothing was registered',
  },
  'entry-may-remain': {
    code: 3,
    meaning: 'the shutdown budget is spent, or a second signal came: the entry may remain until the peers remove it',
  },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>;

/** The name of an ending. */
export type Ending = keyof typeof exitCodes;
