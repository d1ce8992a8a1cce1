/** The watches that run, and the ways to disturb them: cut, silence, bookmark, garbage. */
import { isMatch, type Matcher, type Subject } from '../faults/matcher.ts';
import type { Store } from '../storage/store.ts';
import type { Gate } from './gate.ts';
import { type RunningWatch, startWatch, type WatchRequest } from './watch.ts';

/** How a watch's connection is written to. */
export type WatchConnection = {
  readonly write: (line: string) => void;
  readonly end: () => void;
  /** Resets the connection. */
  readonly destroy: () => void;
};

/** Switches for running watches; each acts on those that fit and returns how many. */
export type WatchSwitches = {
  readonly count: (matcher?: Matcher) => number;
  /** Resets their connections. */
  readonly cut: (matcher?: Matcher) => number;
  /** Ends them properly, as a timeout does. */
  readonly end: (matcher?: Matcher) => number;
  /** They stay open and never say anything again (half-open). */
  readonly silence: (matcher?: Matcher) => number;
  /** Sends a BOOKMARK to those that allowed them. */
  readonly bookmark: (matcher?: Matcher) => number;
  /** Sends a text as it is, e.g. a line that is no JSON or an ERROR event. */
  readonly send: (matcher: Matcher, text: string) => number;
};

type Entry = {
  readonly subject: Subject;
  readonly connection: WatchConnection;
  watch?: RunningWatch;
  isSilent: boolean;
};

/** The running watches. */
export type Watches = WatchSwitches & {
  /** Starts one; returns the function that stops it when its client has gone. */
  readonly start: (request: WatchRequest, subject: Subject, connection: WatchConnection) => () => void;
};

/** Builds the list of watches, empty. */
export function createWatches(store: Store, gate: Gate, options: { readonly bookmarkIntervalMs: number }): Watches {
  const entries = new Set<Entry>();
  const each = (matcher: Matcher | undefined, act: (entry: Entry) => void): number => {
    const found = [...entries].filter((entry) => isMatch(matcher ?? {}, entry.subject));
    found.forEach(act);
    return found.length;
  };
  const drop = (entry: Entry): void => {
    entries.delete(entry);
    entry.watch?.stop();
  };

  return {
    start: (request, subject, connection) => {
      const entry: Entry = { subject, connection, isSilent: false };
      entries.add(entry);
      const guarded = (action: () => void): void => gate.run(() => (entry.isSilent ? undefined : action()));
      const sink = {
        send: (line: string) => guarded(() => connection.write(line)),
        end: () => guarded(() => connection.end()),
      };
      entry.watch = startWatch(store, request, sink, { ...options, onEnd: () => entries.delete(entry) });
      return () => drop(entry);
    },
    count: (matcher) => each(matcher, () => {}),
    cut: (matcher) =>
      each(matcher, (entry) => {
        drop(entry);
        entry.connection.destroy();
      }),
    end: (matcher) =>
      each(matcher, (entry) => {
        drop(entry);
        entry.connection.end();
      }),
    silence: (matcher) =>
      each(matcher, (entry) => {
        entry.isSilent = true;
      }),
    bookmark: (matcher) => each(matcher, (entry) => entry.watch?.bookmark()),
    send: (matcher, text) => each(matcher, ({ connection }) => connection.write(text)),
  };
}
