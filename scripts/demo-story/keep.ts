/** What `--keep` leaves: everything runs on, and the lines to look at it by hand. Ends with the first signal. */
import { once } from 'node:events';
import { join } from 'node:path';
import { CONFIGMAP } from '../../test/support/role.ts';
import { questionOf } from './answers.ts';
import { entryPoint } from './commands.ts';
import { kerberosUdp } from './pairs.ts';
import type { Scene } from './scene.ts';
import type { Screen } from './screen.ts';
import { BROKEN_FILE } from './steps/broken.ts';
import { DOMAIN } from './world.ts';

const pages = ['status', 'readyz', 'metrics'];

/** Prints the lines, and from then on what the agents say; resolves with the signal. */
export async function keepRunning(scene: Scene, screen: Screen): Promise<void> {
  const { world, agents, signal } = scene;
  const { address, port } = world.dns;
  const kubeconfig = await world.writeKubeconfig('admin');
  const running = agents.running();
  screen.blank();
  screen.title('Everything keeps running. Ctrl-C ends it and leaves nothing behind.');
  screen.command('Ask DNS', [`dig @${address} -p ${port} SRV ${questionOf(kerberosUdp)}.${DOMAIN}`]);
  for (const { pod, httpPort } of running) {
    const listening = httpPort();
    const urls = listening === undefined ? [] : pages.map((page) => `curl http://127.0.0.1:${listening}/${page}`);
    screen.command(`The agent of ${pod}`, urls);
  }
  screen.command(`The API server, ${world.api.url}`, [
    `export KUBECONFIG=${kubeconfig}`,
    'kubectl get services,configmaps,endpoints,endpointslices',
  ]);
  const program = `${process.execPath} ${entryPoint}`;
  screen.command('What all agents say, and what is wrong with the broken ConfigMap', [
    `${program} status --kubeconfig ${kubeconfig}`,
    `${program} check ${join(world.folder, BROKEN_FILE)}`,
  ]);
  // It knows no schemas to validate with, and no patch of the kind that `kubectl edit` sends.
  screen.command('Break the ConfigMap, and put it right again', [
    `kubectl get configmap ${CONFIGMAP} -o yaml | sed s/UDP/udp/ | kubectl replace --validate=false -f -`,
    `kubectl get configmap ${CONFIGMAP} -o yaml | sed s/udp/UDP/ | kubectl replace --validate=false -f -`,
  ]);
  screen.command(
    'Kill an agent',
    running.slice(-1).map(({ pid, pod }) => `kill -9 ${pid}   # ${pod}`),
  );
  screen.blank();
  screen.title('What the agents say from now on');
  const unfollow = agents.lines.follow((line) => screen.row({ label: line.pod, text: line.msg, tone: 'said' }));
  if (!signal.aborted) await once(signal, 'abort');
  unfollow();
}
