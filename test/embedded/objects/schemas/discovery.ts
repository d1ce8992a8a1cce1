/** Endpoints (core/v1) and EndpointSlice (discovery.k8s.io/v1), KEP-752. Lists are atomic; subsets vanish when empty. */
import {
  flagPointer,
  int32Always,
  int32Pointer,
  listAlways,
  listOf,
  mapOf,
  struct,
  structAlways,
  text,
  textAlways,
  textDefault,
  textPointer,
} from '../schema.ts';
import { objectReference, topLevel } from './meta.ts';

const endpointAddress = struct('EndpointAddress', {
  ip: textAlways,
  hostname: text,
  nodeName: textPointer,
  targetRef: objectReference,
});

const subset = struct('EndpointSubset', {
  addresses: listOf(endpointAddress),
  notReadyAddresses: listOf(endpointAddress),
  ports: listOf(
    struct('EndpointPort', { name: text, port: int32Always, protocol: textDefault('TCP'), appProtocol: textPointer }),
  ),
});

export const endpoints = topLevel('Endpoints', { subsets: listOf(subset) });

const endpoint = struct('Endpoint', {
  addresses: listAlways(text),
  conditions: structAlways('EndpointConditions', {
    ready: flagPointer,
    serving: flagPointer,
    terminating: flagPointer,
  }),
  hostname: textPointer,
  targetRef: objectReference,
  deprecatedTopology: mapOf(text),
  nodeName: textPointer,
  zone: textPointer,
  hints: struct('EndpointHints', {
    forZones: listOf(struct('ForZone', { name: textAlways })),
    forNodes: listOf(struct('ForNode', { name: textAlways })),
  }),
});

export const endpointSlice = topLevel('EndpointSlice', {
  addressType: textAlways,
  endpoints: listAlways(endpoint),
  ports: listAlways(
    struct('EndpointPort', {
      name: textDefault(''),
      protocol: textDefault('TCP'),
      port: int32Pointer,
      appProtocol: textPointer,
    }),
  ),
});
