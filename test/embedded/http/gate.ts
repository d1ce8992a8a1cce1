/** Freezes the server: what arrives while it is shut waits, as behind a stopped process, and goes on when it opens. */

/** The gate. It starts open. */
export type Gate = {
  readonly shut: () => void;
  readonly open: () => void;
  readonly isOpen: () => boolean;
  /** Resolves when the gate is open. */
  readonly passed: () => Promise<void>;
  /** Runs now, or in order when the gate opens. */
  readonly run: (action: () => void) => void;
};

/** Builds an open gate. */
export function createGate(): Gate {
  let isOpen = true;
  let waiting: (() => void)[] = [];
  return {
    shut: () => {
      isOpen = false;
    },
    open: () => {
      isOpen = true;
      const actions = waiting;
      waiting = [];
      for (const action of actions) action();
    },
    isOpen: () => isOpen,
    passed: () => new Promise((resolve) => (isOpen ? resolve() : waiting.push(resolve))),
    run: (action) => {
      if (isOpen) action();
      else waiting.push(action);
    },
  };
}
