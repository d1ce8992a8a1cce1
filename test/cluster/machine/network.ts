/**
 * Wires the machines together: a bridge inside the control machine, a cable (veth pair) from it to each node and one to this computer,
 * so that a program outside can reach the API server, the DNS servers and the pods. That one interface is all that this computer gets.
 */
import type { Layout, NodeLayout } from '../layout.ts';
import { attempt, run } from './exec.ts';

const bridge = 'br0';
const hostCable = 'host';

/** Gives the control machine its bridge and addresses, and this computer its cable and route. Safe to repeat. */
export async function wireControl(layout: Layout): Promise<void> {
  const { netns, address } = layout.control;
  if (await isPlugged(hostCable, netns)) return;
  await removeHostInterface(layout); // it and the bridge may be left from a start that was cut off
  await attempt(['ip', '-n', netns, 'link', 'del', bridge]);
  await script(netns, [
    `link add ${bridge} type bridge`,
    `addr add ${address}/24 dev ${bridge}`,
    ...layout.dns.map((dns) => `addr add ${dns.address}/24 dev ${bridge}`),
    `link set ${bridge} up`,
  ]);
  await allowForwarding(netns);
  await run(['ip', '-batch', '-'], {
    input: [
      `link add ${layout.hostInterface} type veth peer name ${hostCable} netns ${netns}`,
      `addr add ${layout.hostAddress}/24 dev ${layout.hostInterface}`,
      `link set ${layout.hostInterface} up`,
      `route replace ${layout.podsCidr} via ${address} dev ${layout.hostInterface} src ${layout.hostAddress}`,
      '',
    ].join('\n'),
  });
  await script(netns, [`link set ${hostCable} up`, `link set ${hostCable} master ${bridge}`]);
}

/** Plugs a node in: its cable, its address, its default route, and the way to its pods. Safe to repeat. */
export async function wireNode(layout: Layout, node: NodeLayout): Promise<void> {
  const { netns: control, address: gateway } = layout.control;
  if (await isPlugged(node.name, control)) return;
  await attempt(['ip', '-n', control, 'link', 'del', node.name]); // left by a start that was cut off
  await allowForwarding(node.netns);
  await script(control, [
    `link add ${node.name} type veth peer name eth0 netns ${node.netns}`,
    `route replace ${node.podCidr} via ${node.address}`,
  ]);
  await script(node.netns, [
    `addr add ${node.address}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${gateway}`,
  ]);
  await script(control, [`link set ${node.name} up`, `link set ${node.name} master ${bridge}`]);
}

/** Pulls a node's cable: packets to and from it are lost without an answer, while everything in it goes on. */
export async function unplug(layout: Layout, node: NodeLayout): Promise<void> {
  await run(['ip', '-n', layout.control.netns, 'link', 'set', node.name, 'down']);
}

/** Puts a node's cable back. */
export async function plugIn(layout: Layout, node: NodeLayout): Promise<void> {
  await run(['ip', '-n', layout.control.netns, 'link', 'set', node.name, 'up']);
}

/** Removes a network namespace with all its interfaces, and the far ends of its cables. Absent is success. */
export async function removeNamespace(netns: string): Promise<void> {
  const { code, stderr } = await attempt(['ip', 'netns', 'del', netns]);
  if (code !== 0 && !stderr.includes('No such file or directory')) throw new Error(`ip netns del ${netns}: ${stderr}`);
}

/** Removes this computer's end of the cable. Absent is success. */
export async function removeHostInterface(layout: Layout): Promise<void> {
  const { code, stderr } = await attempt(['ip', 'link', 'del', layout.hostInterface]);
  if (code !== 0 && !stderr.includes('Cannot find device'))
    throw new Error(`ip link del ${layout.hostInterface}: ${stderr}`);
}

/** Whether the cable is in the bridge: the last step of wiring, so that all the others are done. */
async function isPlugged(cable: string, netns: string): Promise<boolean> {
  const { stdout } = await attempt(['ip', '-n', netns, '-oneline', 'link', 'show', 'master', bridge]);
  return stdout.split('\n').some((line) => line.includes(` ${cable}@`));
}

async function script(netns: string, lines: readonly string[]): Promise<void> {
  await run(['ip', '-n', netns, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

async function allowForwarding(netns: string): Promise<void> {
  await run(['nsenter', `--net=/run/netns/${netns}`, '--', 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
}
