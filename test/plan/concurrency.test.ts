/**
 * Many agents on one register, in every order that fast-check thinks of: each reads, plans on what it read, and writes,
 * while others do the same in between; a refused patch means to read again.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Endpoints, PatchOperation } from '../../agent/kube/objects.ts';
import { planPeer } from '../../agent/plan/evict.ts';
import { type Pair, pairKey } from '../../agent/plan/pairs.ts';
import { planEviction, planOwnPatch, planWithdrawal } from '../../agent/plan/patch.ts';
import { type RegisterView, readRegister } from '../../agent/plan/register.ts';
import { podNames, subsets } from '../support/arbitraries.ts';
import {
  beating,
  beatValue,
  endpointsOf,
  holding,
  keptByControlPlane,
  registered,
  strangerIn,
  unmirrored,
} from '../support/endpoints.ts';
import { freeIpaPairs } from '../support/pairs.ts';
import { patched } from '../support/patches.ts';
import { identityOf, ipOf, uidOf } from '../support/pods.ts';

/** What an agent does one after the other: hold these pairs; undefined: withdraw. */
type Goal = readonly Pair[] | undefined;

type Agent = {
  readonly podName: string;
  readonly goals: readonly Goal[];
  done: number;
  view: RegisterView | undefined;
};

const goal: fc.Arbitrary<Goal> = fc.option(fc.subarray([...freeIpaPairs]), { nil: undefined, freq: 3 });
const goals = fc.array(goal, { minLength: 1, maxLength: 3 });
const turns = fc.array(fc.nat({ max: podNames.length - 1 }), { maxLength: 60 });

/** One turn of one agent: a read, or the write that was planned on the last read. */
function turn(agent: Agent, object: Endpoints, count: number): Endpoints {
  const { podName, goals: all, view } = agent;
  if (agent.done === all.length) return object;
  if (view === undefined) {
    agent.view = readRegister(object);
    return object;
  }
  const pairs = all[agent.done];
  const operations =
    pairs === undefined
      ? (planWithdrawal(view, uidOf(podName)) ?? [])
      : planOwnPatch(
          view,
          { identity: identityOf(podName), entries: { address: ipOf(podName), pairs } },
          beatValue(count),
        ).operations;
  const after = patched(object, operations);
  agent.view = undefined;
  if (after !== undefined) agent.done += 1;
  return after ?? object;
}

/** Lets the agents take the turns drawn, then one after the other until all have reached their last goal. */
function run(start: Endpoints, agents: readonly Agent[], drawn: readonly number[]): Endpoints {
  let object = start;
  let count = 0;
  for (const index of drawn) {
    const agent = agents[index];
    count += 1;
    if (agent !== undefined) object = turn(agent, object, count);
  }
  for (const agent of agents) {
    while (agent.done < agent.goals.length) {
      count += 1;
      object = turn(agent, object, count);
    }
  }
  return object;
}

const agentsOf = (all: readonly (readonly Goal[])[]): readonly Agent[] =>
  podNames.map((podName, index) => ({ podName, goals: all[index] ?? [[]], done: 0, view: undefined }));

const allGoals = fc.array(goals, { minLength: podNames.length, maxLength: podNames.length });

describe('joins and leaves of many pods in any order', () => {
  test('end with exactly who wanted to be there, one subset a pair, and nobody twice', () =>
    fc.assert(
      fc.property(allGoals, turns, (all, drawn) => {
        const { subsets: held = [], metadata } = run(endpointsOf('ipa', unmirrored), agentsOf(all), drawn);
        const wanted = freeIpaPairs.flatMap((pair) => {
          const holders = podNames.filter((_, index) => all[index]?.at(-1)?.includes(pair)).map(uidOf);
          return holders.length === 0 ? [] : [[pairKey(pair), holders.sort()] as const];
        });
        const found = held.map(({ addresses = [], ports = [] }) => {
          const holders = addresses.map(({ targetRef }) => targetRef?.uid ?? '').sort();
          return [ports.map(pairKey).join(' '), holders] as const;
        });
        const byPair = (a: readonly [string, unknown], b: readonly [string, unknown]) => a[0].localeCompare(b[0]);
        assert.deepEqual(found.sort(byPair), wanted.sort(byPair));
        const staying = podNames.filter((_, index) => all[index]?.at(-1) !== undefined);
        assert.deepEqual(
          [...readRegister({ metadata: metadata ?? {} }).heartbeats.keys()].sort(),
          staying.map(uidOf).sort(),
        );
      }),
      { numRuns: 300 },
    ));

  test('leave foreign subsets as they were, whatever their shape', () =>
    fc.assert(
      fc.property(subsets, allGoals, turns, (drawnSubsets, all, drawn) => {
        const foreign = drawnSubsets.map(({ notReadyAddresses: _none, ...rest }, index) => ({
          ...rest,
          addresses: [strangerIn(`10.9.9.${index}`)],
        }));
        const start = endpointsOf('ipa', unmirrored, ...foreign.map(holding));
        const leaving = all.map((list) => [...list, undefined]);
        const end = run(start, agentsOf(leaving), drawn);
        assert.deepEqual(end.subsets ?? [], foreign);
      }),
      { numRuns: 300 },
    ));
});

describe('the floor', () => {
  /** Evictors from outside hold nothing; those from inside hold pairs too, and may be each other's victims. */
  const evictor = fc.record({
    podName: fc.constantFrom('ipa-8', 'ipa-9', ...podNames),
    victim: fc.constantFrom(...podNames),
    /** How long each of the pods has been silent, as this evictor counted it: no two need agree. */
    ages: fc.array(fc.constantFrom(0, 1, 2, 2.5, 3, 6), { minLength: podNames.length, maxLength: podNames.length }),
  });
  const held = fc.array(fc.subarray([...freeIpaPairs]), { minLength: podNames.length, maxLength: podNames.length });

  for (const way of ['full', 'supplement'] as const) {
    test(`in ${way}: evictors that planned on one state never take all holders of a pair`, () =>
      fc.assert(
        fc.property(held, fc.array(evictor, { minLength: 2, maxLength: 4 }), (pairs, evictors) => {
          const holders = podNames.map((podName, index) => ({ podName, pairs: pairs[index] ?? [] }));
          const before = objectOf(way, holders);
          const patches = evictors.map((one) => evictionBy(one, readRegister(before), holders));
          const after = patches.reduce((object, operations) => patched(object, operations) ?? object, before);
          assert.deepEqual(pairsHeld(after, holders), pairsHeld(before, holders));
        }),
        { numRuns: 1000 },
      ));
  }
});

type Holder = { readonly podName: string; readonly pairs: readonly Pair[] };

function objectOf(way: 'full' | 'supplement', holders: readonly Holder[]): Endpoints {
  return way === 'full'
    ? endpointsOf('ipa', unmirrored, ...holders.map(({ podName, pairs }) => registered(podName, ...pairs)))
    : endpointsOf('ipa', keptByControlPlane, ...holders.map(({ podName }) => beating(podName)));
}

/** The patch with which one evictor would take its victim; none where its plan says no. */
function evictionBy(
  evictor: { readonly podName: string; readonly victim: string; readonly ages: readonly number[] },
  view: RegisterView,
  holders: readonly Holder[],
): readonly PatchOperation[] {
  if (evictor.victim === evictor.podName) return [];
  const aged = podNames.map((podName, index) => {
    const uid = uidOf(podName);
    return [
      uid,
      { value: view.heartbeats.get(uid), promisedMs: 5000, age: evictor.ages[index] ?? 0, podName },
    ] as const;
  });
  const ownUid = uidOf(evictor.podName);
  const uid = uidOf(evictor.victim);
  const plan = planPeer({
    uid,
    ownUid,
    ages: { peers: new Map(aged.filter(([peer]) => peer !== ownUid)), orphans: new Map() },
    life: 'listed',
    holdings: new Map(holders.map(({ podName, pairs }) => [uidOf(podName), new Set(pairs.map(pairKey))])),
  });
  return plan.kind === 'evict' ? (planEviction(view, uid, plan.witnesses) ?? []) : [];
}

/** The pairs that somebody who still beats holds. */
function pairsHeld(object: Endpoints, holders: readonly Holder[]): readonly string[] {
  const { heartbeats } = readRegister(object);
  const left = holders.filter(({ podName }) => heartbeats.has(uidOf(podName)));
  return [...new Set(left.flatMap(({ pairs }) => pairs.map(pairKey)))].sort();
}
