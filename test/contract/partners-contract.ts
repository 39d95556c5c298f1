import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Partners } from '../../core/ports/partners.ts';

/** A source of partners that a test can write to. */
export interface PartnersLab {
  write(file: string, text: string): Promise<void>;
  remove(file: string): Promise<void>;
  open(): Promise<Partners>;
  /** Faults that were logged as errors so far. */
  readonly logged: readonly string[];
  close(): Promise<void>;
}

const HASH = `$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`;
export const partnerYaml = (name: string, user = name, more = ''): string =>
  `name: ${name}\nlogins:\n  - user: ${user}\n    password: ${HASH}\n${more}`;

const WITHIN = { timeout: 20_000, interval: 20 };

export function partnersContract(engine: string, makeLab: () => Promise<PartnersLab>): void {
  describe(`${engine}: the partners`, () => {
    let lab: PartnersLab;
    let partners: Partners | undefined;
    beforeEach(async () => {
      lab = await makeLab();
      partners = undefined;
    });
    afterEach(async () => {
      await partners?.close();
      await lab.close();
    });
    const open = async (): Promise<Partners> => {
      partners = await lab.open();
      return partners;
    };

    test('there may be none', async () => {
      expect((await open()).all()).toEqual([]);
    });

    test('are found by name and by login', async () => {
      await lab.write('acme.yaml', partnerYaml('acme', 'Acme User'));
      await lab.write('bolt.yml', partnerYaml('bolt'));
      const found = await open();
      expect(found.named('acme')?.name).toBe('acme');
      expect(found.login('Acme User')).toMatchObject({
        partner: { name: 'acme' },
        login: { user: 'Acme User', password: HASH },
      });
      expect(found.login('acme')).toBeUndefined();
      expect(found.named('__proto__')).toBeUndefined();
      expect(found.all().map(({ name }) => name)).toEqual(['acme', 'bolt']);
    });

    test('all faults of all files at once, each with its line', async () => {
      await lab.write('a.yaml', partnerYaml('acme', 'acme', 'colour: red\nenabled: perhaps\n'));
      await lab.write('b.yaml', 'name: [');
      await lab.write('c.yaml', partnerYaml('clan'));
      await lab.write('d.yaml', partnerYaml('clan', 'd'));
      await lab.write('e.yaml', partnerYaml('else', 'clan'));
      const refused = open();
      await expect(refused).rejects.toThrow(/a\.yaml:5:1: colour: there is no such field/);
      await expect(refused).rejects.toThrow(/a\.yaml:6:10: enabled: must be true or false, found "perhaps"/);
      await expect(refused).rejects.toThrow(/b\.yaml:1:\d+: /);
      await expect(refused).rejects.toThrow(/d\.yaml:1:7: name: partner "clan" is at .*c\.yaml:1 already/);
      await expect(refused).rejects.toThrow(
        /e\.yaml:3:11: logins\[0\]\.user: user "clan" is at .*c\.yaml:3 already/,
      );
    });

    test('a change, a new file and a removed one are seen', async () => {
      await lab.write('acme.yaml', partnerYaml('acme'));
      await lab.write('bolt.yaml', partnerYaml('bolt'));
      const found = await open();
      await lab.write('acme.yaml', partnerYaml('acme', 'renamed'));
      await vi.waitFor(() => expect(found.login('renamed')?.partner.name).toBe('acme'), WITHIN);
      expect(found.login('acme')).toBeUndefined();
      await lab.write('clan.yaml', partnerYaml('clan'));
      await vi.waitFor(() => expect(found.named('clan')).toBeDefined(), WITHIN);
      await lab.remove('bolt.yaml');
      await vi.waitFor(() => expect(found.named('bolt')).toBeUndefined(), WITHIN);
      expect(lab.logged).toEqual([]);
    });

    test('a fault in a change is logged once, and what was right before stays', async () => {
      await lab.write('acme.yaml', partnerYaml('acme'));
      const found = await open();
      await lab.write('acme.yaml', partnerYaml('acme', 'new', 'colour: red\n'));
      await vi.waitFor(() => expect(lab.logged).toHaveLength(1), WITHIN);
      expect(lab.logged[0]).toMatch(/acme\.yaml:5:1: colour: there is no such field/);
      expect(found.login('acme')).toBeDefined();
      await lab.write('acme.yaml', partnerYaml('acme', 'new'));
      await vi.waitFor(() => expect(found.login('new')).toBeDefined(), WITHIN);
      expect(lab.logged).toHaveLength(1);
    });
  });
}
