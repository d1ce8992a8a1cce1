/**
 * What all controllers are: a queue of keys, each handled once soon after a change. Level-triggered: starting one
 * queues everything that is. A key that is queued again while it waits is handled once.
 */

import type { ResourceName } from '../objects/kinds.ts';
import type { Registry } from '../registry/registry.ts';
import { StatusError } from '../registry/status.ts';
import type { Change, ObjectKey, Store } from '../storage/store.ts';
import type { Activity } from './activity.ts';

/** A controller that can be switched off, as if its process had stopped, and on again. */
export type Controller = {
  readonly start: () => void;
  readonly stop: () => void;
};

/** What every controller is given. */
export type ControllerDeps = {
  readonly store: Store;
  readonly registry: Registry;
  readonly activity: Activity;
  /** Milliseconds between a change and its handling. */
  readonly delayMs: number;
};

/** What one controller does. */
export type ControllerParts = {
  readonly store: Store;
  readonly activity: Activity;
  /** Milliseconds between a change and its handling. */
  readonly delayMs: number;
  /** What it watches, and which keys a change concerns. */
  readonly watches: readonly {
    readonly resource: ResourceName;
    readonly keys: (change: Change) => readonly ObjectKey[];
  }[];
  /** Every key that is looked at when the controller starts. */
  readonly all: () => readonly ObjectKey[];
  /** Brings one key in order. A refused write (StatusError) is dropped, as the real ones drop it after their retries. */
  readonly sync: (key: ObjectKey) => void;
};

const textOf = ({ namespace, name }: ObjectKey): string => `${namespace}/${name}`;

/** Builds a controller that is off. */
export function createController(parts: ControllerParts): Controller {
  const waiting = new Map<string, NodeJS.Timeout>();
  let stops: (() => void)[] = [];

  const sync = (key: ObjectKey): void => {
    waiting.delete(textOf(key));
    try {
      parts.sync(key);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
    } finally {
      parts.activity.end();
    }
  };
  const add = (key: ObjectKey): void => {
    const text = textOf(key);
    if (waiting.has(text)) return;
    parts.activity.begin();
    waiting.set(text, setTimeout(() => sync(key), parts.delayMs).unref());
  };

  return {
    start: () => {
      if (stops.length > 0) return;
      stops = parts.watches.map(({ resource, keys }) =>
        parts.store.onChange(resource, (change) => keys(change).forEach(add)),
      );
      parts.all().forEach(add);
    },
    stop: () => {
      for (const stop of stops) stop();
      stops = [];
      for (const timer of waiting.values()) {
        clearTimeout(timer);
        parts.activity.end();
      }
      waiting.clear();
    },
  };
}
