/**
 * `check FILE…`: reads declarations and manifests offline and says what the agents, or the API server, would refuse.
 * Only what the files alone make certain; what the cluster thinks of it is `doctor`.
 */
import { dnsLabel } from '../../names.ts';
import { optionOf } from '../arguments.ts';
import type { Command, CommandEnding, CommandIo, GivenArguments } from '../command.ts';
import { chooseConfigMaps } from './choose.ts';
import { readConfigMap, readFragments } from './declared.ts';
import { type Input, type KubeObject, readInput } from './input.ts';
import { countOf, type Message, sortMessages } from './message.ts';
import { type Checked, printJson, printText, type Report } from './report.ts';
import { checkRoles } from './roles.ts';
import { checkServiceName, checkServices, type Scene } from './services.ts';
import { checkEnding, readWorkload, type Workload } from './workload.ts';

/** The command. */
export const check: Command = {
  name: 'check',
  summary: 'Checks declarations and the manifests around them, without a cluster.',
  operands: 'FILE…',
  options: {
    configmap: {
      value: 'NAME',
      help: "the ConfigMap to check; else the one that the sidecars in the input read, else endpoint-registrar, else a file's only one",
    },
    output: { value: 'FORMAT', short: 'o', help: 'text (default) or json' },
  },
  notes: [
    'FILE is YAML or JSON: ConfigMaps, whole manifests, a List, or only the fragment under a key; - is the standard input.',
    'For what kustomize makes: kubectl kustomize FOLDER | endpoint-registrar check -',
    'Exit code: 0 no fault (warnings and notes may stand), 1 a fault, 2 a file cannot be read or holds nothing to check.',
  ],
  run: runCheck,
};

async function runCheck(given: GivenArguments, io: CommandIo): Promise<CommandEnding> {
  const format = optionOf(given, 'output') ?? 'text';
  const refuse = (words: string): CommandEnding => {
    io.stderr.write(`check: ${words}\n`);
    return 'unusable';
  };
  if (format !== 'text' && format !== 'json') return refuse(`--output ${format}: must be text or json. Write -o json.`);
  const files = [...new Set(given.operands)];
  if (files.length === 0)
    return refuse('no file is given. Name the files to check, or write - for the standard input.');
  const unread: string[] = [];
  const inputs: Input[] = [];
  for (const file of files) {
    const text = await readOne(file, io);
    if (typeof text === 'string') inputs.push(readInput(file, text));
    else unread.push(`${file} cannot be read (${text.reason}). ${text.remedy}`);
  }
  for (const words of unread) io.stderr.write(`check: ${words}\n`);
  const report = examine(inputs, optionOf(given, 'configmap'));
  io.stdout.write(format === 'json' ? printJson(report) : printText(report, io));
  if (unread.length > 0) return 'unusable';
  const isEmpty = report.checked.length === 0;
  // Of what was no YAML nobody knows what it held.
  const isIllegible = inputs.every(({ objects }) => objects.length === 0) && countOf(report.messages, 'fault') > 0;
  if (isEmpty && !isIllegible) io.stderr.write(`check: ${nothingToCheck(report, inputs)}\n`);
  if (countOf(report.messages, 'fault') > 0) return 'found';
  return isEmpty ? 'unusable' : 'good';
}

type Unread = { readonly reason: string; readonly remedy: string };

async function readOne(file: string, io: CommandIo): Promise<string | Unread> {
  try {
    return file === '-' ? await io.readStdin() : await io.readFile(file);
  } catch (error) {
    // Whatever the file system says: the other files are checked all the same.
    const reason = error instanceof Error ? error.message : String(error);
    const isFolder = /EISDIR/.test(reason);
    return {
      reason,
      remedy: isFolder ? `It is a folder: name its files, for example ${file}/*.yaml.` : 'Check the path.',
    };
  }
}

/** Checks what was read. `named`: the ConfigMap that the option says. */
function examine(inputs: readonly Input[], named: string | undefined): Report {
  const objects = inputs.flatMap((input) => input.objects);
  const read = objects.flatMap((object) => readWorkload(object) ?? []);
  const workloads = read.map(({ workload }) => workload);
  const choice = chooseConfigMaps(inputs, { named, workloads });
  const messages: Message[] = [...inputs.flatMap((input) => input.messages), ...choice.messages];
  const checked: Checked[] = [];
  const sources = objects.find(({ apiVersion }) => apiVersion.startsWith('kustomize.config.k8s.io/'));
  if (sources === undefined) messages.push(...read.flatMap((one) => one.messages), ...workloads.flatMap(checkEnding));
  else messages.push(unbuilt(sources));
  for (const configMap of choice.chosen) {
    const declared = readConfigMap(configMap);
    messages.push(...declared.messages);
    checked.push({ place: configMap.root.place, configMap, services: declared.services });
    if (sources !== undefined) continue;
    const scene: Scene = {
      configMap,
      // A key that cannot be the name of a Service has its fault already.
      services: declared.services.filter(({ service }) => dnsLabel.test(service)),
      workloads: workloads.filter((workload) => reads(workload, configMap)),
      objects: objects.filter((object) => isBeside(object, configMap)),
    };
    messages.push(...checkServices(scene), ...checkServiceName(scene), ...checkRoles(scene));
  }
  for (const { fragments } of inputs) {
    const [first] = fragments;
    if (first === undefined) continue;
    const declared = readFragments(fragments);
    messages.push(...declared.messages);
    checked.push({ place: first.place, configMap: undefined, services: declared.services });
  }
  const files = inputs.map(({ file }) => file);
  return { checked, skipped: choice.skipped, messages: sortMessages(messages, files) };
}

function reads({ object, configMap }: Workload, { name, namespace }: KubeObject): boolean {
  return object.namespace === namespace && configMap === name;
}

function isBeside(object: KubeObject, configMap: KubeObject): boolean {
  return object.kind.startsWith('Cluster') || object.namespace === configMap.namespace;
}

function unbuilt({ kind, root }: KubeObject): Message {
  return {
    severity: 'note',
    place: root.place,
    text: `this is the source of a build (${kind}): what patches and components make of the other files cannot be seen here, so only declarations were checked`,
    remedy: 'Build first: kubectl kustomize FOLDER | endpoint-registrar check -.',
  };
}

const MAX_LISTED = 8;

function nothingToCheck({ skipped }: Report, inputs: readonly Input[]): string {
  const remedy = 'Give the file of the ConfigMap with the declarations, or say its name: --configmap NAME.';
  if (skipped.length > 0) {
    const names = skipped.map(({ configMap, reason }) => `${configMap.name} (${reason})`);
    return `no ConfigMap was found to check; left aside: ${listed(names)}. ${remedy}`;
  }
  const seen = inputs.flatMap(({ objects }) => objects.map(({ kind, name }) => `${kind} ${name}`));
  return `no ConfigMap was found to check; seen: ${listed(seen)}. ${remedy}`;
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'no object at all';
  const more = names.length - MAX_LISTED;
  return `${names.slice(0, MAX_LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
