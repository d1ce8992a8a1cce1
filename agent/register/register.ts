/**
 * What the keeper needs of the outside world, as types: the register (today the shared Endpoints; a Lease for each
 * pod could stand behind the same type), the slices, and pods. Failures are values here, classified once.
 */
import type { EndpointSlice, PatchOperation } from '../kube/objects.ts';
import type { PodLife } from '../plan/evict.ts';
import type { RegisterView } from '../plan/register.ts';

/** What bounds every call: a deadline for the whole of it in milliseconds, and the caller's signal. */
export type Call = { readonly timeoutMs: number; readonly signal: AbortSignal };

/** A request that got no useful answer; what became of it is unknown. */
export type Failure = {
  readonly kind: 'failed';
  /** `retry`: passes by itself. `give-up`: an operator must act (permissions, a refused object). */
  readonly verdict: 'retry' | 'give-up';
  /** `Forbidden`, `Timeout`, `Network` …: a closed word for metrics. */
  readonly reason: string;
  /** What was attempted and what came back. */
  readonly message: string;
  /** The missing RBAC rule as YAML, where that is what is missing. */
  readonly remedy: string | undefined;
  /** The wait that the server asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The namespace is terminating: nothing new can be made in it. */
  readonly isTerminating: boolean;
};

/** The shared register of one Service. */
export type Register = {
  readonly read: (call: Call) => Promise<{ readonly kind: 'present'; readonly view: RegisterView } | Absent | Failure>;
  /** Creates the object, or finds it made by a peer meanwhile. */
  readonly create: (call: Call) => Promise<{ readonly kind: 'present'; readonly view: RegisterView } | Failure>;
  /** Applies one patch, all or nothing. `outrun`: a `test` failed, somebody was faster. */
  readonly write: (
    operations: readonly PatchOperation[],
    call: Call,
  ) => Promise<
    { readonly kind: 'acknowledged'; readonly view: RegisterView } | { readonly kind: 'outrun' } | Absent | Failure
  >;
};

type Absent = { readonly kind: 'absent' };

/** The EndpointSlices under one Service's name. */
export type Slices = {
  /** All of them, ours and others', as last seen or acknowledged. */
  readonly known: () => readonly EndpointSlice[];
  readonly apply: (slice: EndpointSlice, call: Call) => Promise<{ readonly kind: 'done' } | Failure>;
  /** Deletes exactly this one (by UID); one that is gone already is a success. */
  readonly remove: (slice: EndpointSlice, call: Call) => Promise<{ readonly kind: 'done' } | Failure>;
  /** Asks the API server for those that a pod published under this Service. */
  readonly listOf: (
    uid: string,
    call: Call,
  ) => Promise<{ readonly kind: 'listed'; readonly slices: readonly EndpointSlice[] } | Failure>;
};

/** Asks for pods. */
export type Pods = {
  /** What became of the pod of this name and UID. `deleting`: listed, with a deletionTimestamp. */
  readonly lifeOf: (
    pod: { readonly podName: string; readonly uid: string },
    call: Call,
  ) => Promise<{ readonly kind: 'life'; readonly life: PodLife; readonly isDeleting: boolean } | Failure>;
};
