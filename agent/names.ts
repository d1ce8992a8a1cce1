/**
 * The shapes that Kubernetes gives names, each with the words of its rule. Only whether a text has the shape: what it
 * names is the caller's business. Follows k8s.io/apimachinery/pkg/util/validation.
 */

/** A shape: whether a text has it, and the rule in words, to stand after "must be". */
export type NameRule = { readonly test: (text: string) => boolean; readonly words: string };

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** A DNS label (RFC 1123): names of ports, namespaces, containers, and of Services since Kubernetes 1.37 (KEP-5311). */
export const dnsLabel: NameRule = {
  test: (text) => text.length <= 63 && LABEL.test(text),
  words: 'a DNS label: 1 to 63 lower-case letters, digits or "-", beginning and ending with a letter or digit',
};

/** A DNS subdomain (RFC 1123): names of pods and ConfigMaps. */
export const dnsSubdomain: NameRule = {
  test: (text) => text.length <= 253 && SUBDOMAIN.test(text),
  words:
    'a DNS name of at most 253 lower-case letters, digits, "-" or ".", each part beginning and ending with a letter or digit',
};

/** The name of a container port: an RFC 6335 service name in lower case (`IANA_SVC_NAME`). */
export const containerPortName: NameRule = {
  test: (text) => text.length <= 15 && LABEL.test(text) && /[a-z]/.test(text) && !text.includes('--'),
  words:
    'the name of a container port: 1 to 15 lower-case letters, digits or "-", with at least one letter, no "--", and "-" at neither end (RFC 6335)',
};

/** A qualified name, what the API takes as `appProtocol`: `http`, `kubernetes.io/h2c`. */
export const qualifiedName: NameRule = {
  test: (text) => {
    const [first = '', second, ...more] = text.split('/');
    if (more.length > 0) return false;
    if (second === undefined) return isQualifiedPart(first);
    return dnsSubdomain.test(first) && isQualifiedPart(second);
  },
  words:
    'a protocol name of at most 63 letters, digits, "-", "_" or ".", beginning and ending with a letter or digit, with an optional DNS name and "/" before it (https, kubernetes.io/h2c)',
};

function isQualifiedPart(text: string): boolean {
  return text.length <= 63 && QUALIFIED.test(text);
}
