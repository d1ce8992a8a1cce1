/**
 * The latch: once the own pod is known to be going or gone, nothing is ever registered again by this process. A
 * process whose pod is gone can still write for ten seconds and more, so every way back into the register asks here.
 */

/** Why the latch closed. */
export type LatchReason = 'pod-deleting' | 'pod-deleted' | 'pod-replaced' | 'pod-terminal';

/** One for the whole process. */
export type Latch = {
  readonly reason: () => LatchReason | undefined;
  /** Closes it for good; the first reason stays. */
  readonly close: (reason: LatchReason) => void;
};

/** Builds an open latch. `onClose` is called once. */
export function createLatch(onClose: (reason: LatchReason) => void): Latch {
  let closed: LatchReason | undefined;
  return {
    reason: () => closed,
    close: (reason) => {
      if (closed !== undefined) return;
      closed = reason;
      onClose(reason);
    },
  };
}
