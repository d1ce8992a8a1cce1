/**
 * The commands that people run by hand: inside the sidecar, with no more than its Role allows, and on a computer outside the cluster, with its kubeconfig.
 * In a world where all is well, and in one where a KDC hangs. Once for each way of serving.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { attempt } from '../machine/exec.ts';
import { inServer, tellDaemons } from './daemons.ts';
import { editDeclaration } from './declarations.ts';
import { projectFolder } from './image.ts';
import { agentContainer, untilRead } from './pods.ts';
import { untilServed } from './served.ts';
import { useWorld } from './turn.ts';
import { report, type Way } from './world.ts';

const ways: readonly Way[] = ['supplement', 'full'];
const both = ['ipa-0', 'ipa-1'];
const pairs = ['ldap/TCP', 'kerberos/UDP', 'kerberos/TCP', 'kpasswd/UDP', 'kpasswd/TCP'];
/** As in k8s/examples/freeipa: the doctor warns of a server that ends before the caches do. */
const preStopSeconds = 40;
const limitMs = 60_000;

interface Told {
  readonly code: number | undefined;
  readonly text: string;
}

for (const way of ways) {
  describe(`the commands, the example's way ${way}`, () => {
    const world = useWorld({ name: `commands-${way}`, way, replicas: 2, preStopSeconds });

    before(async () => {
      await editDeclaration(world(), (text) =>
        text.replace(
          /(name: kerberos, protocol: UDP, port: 88), probe: .*$/m,
          '$1, probe: { kerberos: {}, periodSeconds: 1 } }',
        ),
      );
      await untilServed(world(), ['_kerberos._udp', '_ldap._tcp'], both);
      // The agents look their own records up, and say so in what they show.
      await untilRead('a status in which all is resolved', limitMs, outside('status'), ({ code }) => code === 0);
    });

    for (const { place, run } of [
      { place: 'in the sidecar', run: inside },
      { place: 'from outside', run: outside },
    ]) {
      test(`status, ${place}: every pair of every server, announced and resolved`, async () => {
        const { code, text } = await run('status')();
        assert.equal(code, 0, text);
        assert.match(text, new RegExp(`^ipa +${way} .*2 agents`, 'm'));
        for (const pair of pairs) {
          for (const name of both) assert.match(text, new RegExp(`^ +${pair} +${name} .* announced .* resolved `, 'm'));
        }
      });

      test(`doctor, ${place}: nothing to do`, async () => {
        const { code, text } = await run('doctor')();
        report(`${way}, doctor ${place}:\n${text}`);
        assert.equal(code, 0, text);
        assert.deepEqual(
          text.split('\n').filter((line) => /^ +(failure|warning) /.test(line)),
          [],
        );
      });
    }

    test('a KDC hangs over UDP: status says which pair of which server is held back, and why', async () => {
      await inServer(world(), 'ipa-1', tellDaemons('STOP', ['kdc-udp']));
      await untilServed(world(), ['_kerberos._udp'], ['ipa-0']);
      const { text } = await outside('status')();
      report(`${way}, status:\n${text}`);
      assert.match(text, /^ +kerberos\/UDP +ipa-1 .* withheld .*kerberos probe over UDP to [\d.]+:88/m);
      assert.match(text, /^ +kerberos\/TCP +ipa-1 .* announced /m);
      await inServer(world(), 'ipa-1', tellDaemons('CONT', ['kdc-udp']));
      await untilServed(world(), ['_kerberos._udp'], both);
    });

    /** As the sidecar, by `kubectl exec`. Throws CommandError when the command fails. */
    function inside(command: string): () => Promise<Told> {
      const exec = ['exec', 'ipa-0', `--container=${agentContainer}`, '--', '/endpoint-registrar', command];
      return async () => ({ code: 0, text: await world().kubectl(exec) });
    }

    /** As whoever the kubeconfig is of. */
    function outside(command: string): () => Promise<Told> {
      const program = [process.execPath, join(projectFolder, 'agent', 'main.ts')];
      return async () => {
        const { namespace, cluster } = world();
        const env = { KUBECONFIG: cluster.kubeconfig };
        const { code, stdout, stderr } = await attempt([...program, command, '--namespace', namespace], { env });
        return { code, text: stdout + stderr };
      };
    }
  });
}
