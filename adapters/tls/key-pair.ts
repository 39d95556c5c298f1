import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { KeyPair } from '../../core/ports/certificates.ts';

/** Checks that the two PEM texts belong together and that TLS can be spoken with them. Throws with the reason. */
export function keyPair(name: string, certificate: string, key: string): KeyPair {
  const leaf = new X509Certificate(certificate);
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not that of the certificate');
  createSecureContext({ cert: certificate, key });
  return { name, certificate, key, hosts: hostsOf(leaf) };
}

/** RFC 6125 §6.4.4: the common name counts only where there is no DNS name. */
function hostsOf({ subjectAltName = '', subject }: X509Certificate): string[] {
  const dns = [...subjectAltName.matchAll(/(?:^|, )DNS:([^",\s]+)(?=$|, )/g)].map((match) => match[1]!);
  const common = /^CN=(\S+)$/m.exec(subject ?? '')?.[1];
  return (dns.length > 0 || !common ? dns : [common]).map((host) => host.toLowerCase());
}

/** Whether the certificate is for no time that includes now. */
export function isOutOfDate({ certificate }: KeyPair, now: number): boolean {
  const { validFrom, validTo } = new X509Certificate(certificate);
  return now < Date.parse(validFrom) || now > Date.parse(validTo);
}
