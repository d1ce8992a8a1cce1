/**
 * Plans one Event on the own pod, pure: a new object, or one more count on the one that stands. The classic form of
 * core/v1 (first and last time, count, source), because `kubectl describe pod` makes `3m (x4 over 10m)` of it.
 */
import { createHash } from 'node:crypto';
import type { Event } from '../kube/objects.ts';
import { type Identity, MANAGER } from '../plan/identity.ts';

/** What is to be told. `reason`: CamelCase, at most 128 bytes. `message`: any length; an Event holds 1024 bytes of it. */
export type Notice = {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** The Service that it is about; absent: the whole agent. */
  readonly service?: string;
};

/** The Event that the API server acknowledged last for a notice. `atMs`: when, on the monotonic clock. */
export type Told = { readonly name: string; readonly count: number; readonly atMs: number };

/** The fields that a repetition changes. */
export type EventChange = { readonly count?: number; readonly lastTimestamp: string };

/** What is written for a notice. */
export type EventPlan =
  | { readonly kind: 'create'; readonly reason: 'first-time' | 'forgotten'; readonly event: Event & Named }
  | {
      readonly kind: 'repeat';
      readonly reason: 'within-the-hour';
      readonly name: string;
      readonly change: EventChange;
    };

type Named = { readonly metadata: { readonly name: string } };

/** So long does the API server keep an Event after its last change, by default (kube-apiserver, --event-ttl). */
export const EVENT_LIFE_MS = 60 * 60 * 1000;

/** The most that validation takes of each (Kubernetes 1.37, pkg/apis/core/validation/events.go). */
const MESSAGE_BYTES = 1024;
const WORD_BYTES = 128;
const NAME_BYTES = 253;
const HASH_LENGTH = 16;

/** What makes two notices the same: then they share one Event. */
export function noticeKey({ type, reason, service, message }: Notice): string {
  return JSON.stringify([type, reason, service ?? '', message]);
}

/**
 * Plans the Event of a notice.
 * @param given.at when it was noticed, for people
 * @param given.nowMs the monotonic clock, as `told.atMs`
 */
export function planEvent(given: {
  readonly notice: Notice;
  readonly identity: Pick<Identity, 'namespace' | 'podName' | 'uid'>;
  readonly told: Told | undefined;
  readonly at: Date;
  readonly nowMs: number;
}): EventPlan {
  const { notice, identity, told, at, nowMs } = given;
  const lastTimestamp = secondsText(at);
  if (told !== undefined && nowMs - told.atMs < EVENT_LIFE_MS) {
    const change = { count: told.count + 1, lastTimestamp };
    return { kind: 'repeat', reason: 'within-the-hour', name: told.name, change };
  }
  const { namespace, podName, uid } = identity;
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: eventName(identity, notice), namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name: podName, namespace, uid },
    type: notice.type,
    reason: cutText(notice.reason, WORD_BYTES),
    action: 'Announcing',
    message: cutText(notice.message, MESSAGE_BYTES),
    firstTimestamp: lastTimestamp,
    lastTimestamp,
    count: 1,
    source: { component: MANAGER },
    reportingComponent: MANAGER,
    reportingInstance: cutText(podName, WORD_BYTES),
  };
  return { kind: 'create', reason: told === undefined ? 'first-time' : 'forgotten', event };
}

/** The same notice of the same pod has the same name, so that a restarted container finds its Event. */
function eventName({ podName, uid }: Pick<Identity, 'podName' | 'uid'>, notice: Notice): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([uid, noticeKey(notice)]))
    .digest('hex')
    .slice(0, HASH_LENGTH);
  return `${podName.slice(0, NAME_BYTES - HASH_LENGTH - 1)}.${hash}`;
}

/** At most so many bytes of UTF-8, whole characters; what is cut off shows as an ellipsis. */
export function cutText(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const mark = '…';
  const room = maxBytes - Buffer.byteLength(mark);
  const kept = new TextDecoder().decode(Buffer.from(text).subarray(0, room), { stream: true }); // drops a half character
  return `${kept}${mark}`;
}

/** A time as `metav1.Time` has it: RFC 3339 in whole seconds. */
function secondsText(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
