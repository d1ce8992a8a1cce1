/**
 * client-node's KubeConfig, alone in a file because it is loaded alone: by one dynamic import, and only where a
 * kubeconfig is really used. From its own module, as the package's root costs 50 MiB more (measured).
 * Of the shipped bundle `kubeconfig.cjs` is made of this one; the other files keep the import of it external, as
 * `./kubeconfig.cjs` beside themselves.
 */
export { KubeConfig } from '@kubernetes/client-node/dist/config.js';
