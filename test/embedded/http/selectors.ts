/** Label and field selectors of list and watch, with the server's sentences for what it cannot read. */
import type { ApiObject } from '../objects/kinds.ts';
import type { FieldSelectors, Resource } from '../registry/resource.ts';
import { badRequest } from '../registry/status.ts';

/** Whether an object is selected. */
export type Selector = (object: ApiObject) => boolean;

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

/** The selector of a request. Throws StatusError 400. */
export function parseSelector(resource: Resource, query: URLSearchParams): Selector {
  const requirements = parseLabels(query.get('labelSelector') ?? '');
  const terms = parseFields(query.get('fieldSelector') ?? '', resource.selectors);
  return (object) => {
    const { labels = {} } = object.metadata;
    return requirements.every((fits) => fits(labels)) && terms.every((fits) => fits(object));
  };
}

/** A label selector, equality- or set-based: `a=b,!c,d in (e,f)`. Throws StatusError 400. */
export function parseLabels(text: string): readonly Requirement[] {
  return splitTop(text).map(parseRequirement);
}

/** Splits at commas outside of parentheses. */
function splitTop(text: string): readonly string[] {
  const parts = text.match(/(?:[^,(]|\([^)]*\)?)+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function parseRequirement(text: string): Requirement {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    const isIn = (labels: Labels): boolean => labels[key] !== undefined && values.includes(labels[key]);
    return operator === 'in' ? isIn : (labels) => !isIn(labels);
  }
  const unfinished = /^\S+\s+(?:in|notin)\s+(\S+)/.exec(text);
  if (unfinished !== null) throw badRequest(`unable to parse requirement: found '${unfinished[1]}' expected: '('`);
  const pair = /^([^=!\s]+)\s*(==|=|!=)\s*([^=\s]*)(.*)$/.exec(text);
  if (pair !== null) {
    const [, key = '', operator, value = '', rest = ''] = pair;
    if (rest.trim() !== '') throw badRequest(`found '${rest.trim()[0]}', expected: ',' or 'end of string'`);
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const exists = /^(!?)\s*([^\s=!()]+)$/.exec(text);
  if (exists === null) throw badRequest(`unable to parse requirement: found '${text}', expected: identifier`);
  const [, not, key = ''] = exists;
  return (labels) => Object.hasOwn(labels, key) === (not === '');
}

function parseFields(text: string, { fields, unknown }: FieldSelectors): readonly Selector[] {
  const terms = text.split(',').filter((term) => term !== '');
  return terms.map((term) => {
    const parsed = /^([^=!]+)(==|=|!=)(.*)$/.exec(term);
    if (parsed === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = parsed;
    const read = fields[field];
    if (read === undefined) throw badRequest(unknown(field));
    return operator === '!=' ? (object) => read(object) !== value : (object) => read(object) === value;
  });
}
