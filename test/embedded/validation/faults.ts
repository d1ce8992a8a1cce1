/**
 * What is wrong with a field, worded as the API server words it: `<field>: <kind>: <value>: <detail>`.
 * Source: the answers of Kubernetes 1.37.2.
 */

/** One fault. `body` is the message without the field, as it stands in `details.causes[].message`. */
export type FieldFault = { readonly field: string; readonly reason: string; readonly body: string };

const detailed = (text: string, detail: string): string => (detail === '' ? text : `${text}: ${detail}`);

/** A value as the server prints it: strings quoted, structures as JSON. */
const printed = (value: unknown): string => (value === undefined ? 'null' : JSON.stringify(value));

export function required(field: string, detail = ''): FieldFault {
  return { field, reason: 'FieldValueRequired', body: detailed('Required value', detail) };
}

export function invalid(field: string, value: unknown, detail: string): FieldFault {
  return { field, reason: 'FieldValueInvalid', body: detailed(`Invalid value: ${printed(value)}`, detail) };
}

export function duplicate(field: string, value: unknown): FieldFault {
  return { field, reason: 'FieldValueDuplicate', body: `Duplicate value: ${printed(value)}` };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldFault {
  const values = supported.map((one) => JSON.stringify(one)).join(', ');
  const body = `Unsupported value: ${printed(value)}: supported values: ${values}`;
  return { field, reason: 'FieldValueNotSupported', body };
}

export function forbidden(field: string, detail: string): FieldFault {
  return { field, reason: 'FieldValueForbidden', body: detailed('Forbidden', detail) };
}

export function tooLong(field: string, maxBytes: number): FieldFault {
  return { field, reason: 'FieldValueTooLong', body: `Too long: may not be more than ${maxBytes} bytes` };
}

export function tooMany(field: string, actual: number, most: number): FieldFault {
  return { field, reason: 'FieldValueTooMany', body: `Too many: ${actual}: must have at most ${most} items` };
}

/** A fault for each message that a name rule returned. */
export function invalidEach(field: string, value: string, messages: readonly string[]): readonly FieldFault[] {
  return messages.map((message) => invalid(field, value, message));
}

/** The faults as one text: one alone, or several in brackets. The same text stands there only once. */
export function describeFaults(faults: readonly FieldFault[]): string {
  const texts = [...new Set(faults.map((fault) => `${fault.field}: ${fault.body}`))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}
