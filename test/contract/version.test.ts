/** The program's version, which stands in more than one place. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { version } from '../../agent/version.ts';
import { at, list, named, read, sidecar, ways } from './manifests.ts';
import { project } from './sources.ts';

function versionOf(file: string): unknown {
  return at(JSON.parse(readFileSync(join(project, file), 'utf8')), 'version');
}

test('agent/version.ts is the version of package.json and of its lockfile', () => {
  for (const file of ['package.json', 'package-lock.json']) {
    assert.equal(versionOf(file), version, `${file} and agent/version.ts: make both the same`);
  }
});

test('the manifests name the image of this version', () => {
  assert.equal(at(sidecar, 'image'), `endpoint-registrar:${version}`, 'k8s/component/sidecar.yaml');
  for (const way of ways) {
    const image = named(list(at(read(`${way}/kustomization.yaml`), 'images')), 'endpoint-registrar');
    assert.equal(at(image, 'newTag'), version, `k8s/${way}/kustomization.yaml`);
  }
});
