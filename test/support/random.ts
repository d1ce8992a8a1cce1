/** Randomness that can be repeated: a seed and what follows from it. */

/** Draws of one kind or another, all from one seed. */
export type Randomness = {
  readonly seed: number;
  /** In [0, 1). */
  readonly next: () => number;
  /** One of the members. @throws where there is none */
  readonly pick: <T>(members: readonly T[]) => T;
};

/** Starts from a seed (mulberry32, Tommy Ettinger: 32 bits of state, good enough to shuffle a test). */
export function createRandomness(seed: number): Randomness {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    seed,
    next,
    pick: (members) => {
      const member = members[Math.floor(next() * members.length)];
      if (member === undefined) throw new Error('there is nothing to pick from');
      return member;
    },
  };
}
