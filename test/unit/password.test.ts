import { expect, test } from 'vitest';
import { decoyHash, hashPassword, passwordHashProblem, verifyPassword } from '../../core/password.ts';

const SALT = 'A'.repeat(22);
const HASH = 'A'.repeat(43);

test('a hash is of its password and of no other, with a salt of its own', async () => {
  const [one, other] = [await hashPassword('pä ss'), await hashPassword('pä ss')];
  expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[^$=]{22}\$[^$=]{43}$/);
  expect(one).not.toBe(other);
  expect(await verifyPassword('pä ss', one)).toBe(true);
  expect(await verifyPassword('pä ss', other)).toBe(true);
  expect(await verifyPassword('pä s', one)).toBe(false);
  expect(await verifyPassword('', one)).toBe(false);
});

test('the cost is read from the hash', async () => {
  // RFC 7914's scrypt with N=2^13, r=8, p=10, as Python's hashlib computes it.
  const hash = '$scrypt$ln=13,r=8,p=10$MDEyMzQ1Njc4OWFiY2RlZg$Xtqzld0nDpWjLdKkE8aRwTCQiTa6yrrlA3OxaDbnuIE';
  expect(await verifyPassword('secret', hash)).toBe(true);
  expect(await verifyPassword('Secret', hash)).toBe(false);
});

test('a decoy is a well-formed hash', () => {
  expect(passwordHashProblem(decoyHash())).toBeUndefined();
});

test.each([
  ['hunter2', /must be \$scrypt/],
  ['', /must be/],
  [`$scrypt$ln=31,r=8,p=3$${SALT}$${HASH}`, /ln is 31, and must be 13 to 15/],
  [`$scrypt$ln=1,r=8,p=3$${SALT}$${HASH}`, /ln is 1/],
  [`$scrypt$ln=15,r=99,p=3$${SALT}$${HASH}`, /r is 99, and must be 8$/],
  [`$scrypt$ln=15,r=8,p=99$${SALT}$${HASH}`, /p is 99/],
  [`$scrypt$ln=15,r=8,p=3$AAAA$${HASH}`, /saltBytes is 3/],
  [`$scrypt$ln=15,r=8,p=3$${SALT}$AAAA`, /hashBytes is 3/],
  [`$scrypt$ln=15,r=8,p=3$${'A'.repeat(200)}$${HASH}`, /saltBytes is 150/],
  [`$2b$12$${SALT}${HASH}`, /must be/],
])('%s is refused, and no password fits it', async (hash, problem) => {
  expect(passwordHashProblem(hash)).toMatch(problem);
  if (hash !== '') expect(passwordHashProblem(hash)).not.toContain(hash);
  expect(await verifyPassword('x', hash)).toBe(false);
});
