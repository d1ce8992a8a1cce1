/** What a case is, and what its assertions share. */
import assert from 'node:assert/strict';
import type { Reply } from '../embedded/client.ts';
import { asList, asObject, type JsonObject } from '../embedded/objects/json.ts';
import type { WorldName } from './target.ts';
import type { World } from './world.ts';

/** One behaviour. `skip`: the world in which it cannot be shown, with the reason. */
export type Case = {
  readonly name: string;
  readonly skip?: Partial<Readonly<Record<WorldName, string>>>;
  readonly run: (world: World) => Promise<void>;
};

/** Cases of one theme. */
export type Theme = { readonly name: string; readonly cases: readonly Case[] };

/** What is compared of a refusal; what is left out is not. */
export type Refusal = {
  readonly status: number;
  readonly reason?: string | undefined;
  readonly message?: string;
  readonly details?: JsonObject | undefined;
};

/** Compares a refusal with what is expected of it: the Status that the agent reads its classification from. */
export function assertRefused(reply: Reply, expect: Refusal): void {
  const { body } = reply;
  const seen = { status: reply.status, reason: body['reason'], message: reply.message, details: body['details'] };
  const compared = Object.keys(expect).map((key) => [key, asObject(seen)[key]]);
  assert.deepEqual(Object.fromEntries(compared), expect, JSON.stringify(body));
  assert.deepEqual([body['kind'], body['status'], body['code']], ['Status', 'Failure', reply.status]);
}

/** `metadata` of an object. */
export function metadataOf(object: JsonObject): JsonObject {
  return asObject(object['metadata']);
}

/** The resourceVersion of an object. */
export function versionOf(object: JsonObject): string {
  return String(metadataOf(object)['resourceVersion']);
}

/** The uid of an object. */
export function uidOf(object: JsonObject): string {
  return String(metadataOf(object)['uid']);
}

/** A list of objects at a key. */
export function listAt(object: JsonObject, key: string): readonly JsonObject[] {
  return asList(object[key]).map(asObject);
}
