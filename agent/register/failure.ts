/** Turns what the API room throws into the keeper's values: the one place where a failed request is classified. */
import { classify, KubeError } from '../kube/errors.ts';
import { forbiddenRule } from '../kube/forbidden.ts';
import type { Failure } from './register.ts';

/** Runs a request; a KubeError becomes a Failure. Anything else is a bug and is thrown on. */
export async function attempt<T>(request: () => Promise<T>): Promise<T | Failure> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof KubeError) return failureOf(error);
    throw error;
  }
}

/** The Failure that a KubeError means. A 401 passes: the credentials are read again for the next request. */
export function failureOf(error: KubeError): Failure {
  return {
    kind: 'failed',
    verdict: classify(error) === 'give-up' ? 'give-up' : 'retry',
    reason: error.reason,
    message: error.message,
    remedy: error.status === 403 ? forbiddenRule(error) : undefined,
    retryAfterMs: error.retryAfterMs,
    isTerminating: error.causes.includes('NamespaceTerminating'),
  };
}
