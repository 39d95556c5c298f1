import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientLab, startClientLab } from './client-lab.ts';
import { clientsThat } from './clients.ts';
import { CURL } from './rows/curl.ts';
import { startWireTap } from './wire-tap.ts';

/** A last line without an end too. Long enough for many chunks, with line ends all over them. */
const text = `ISA*00*\n\nGS*\u00e9\n${Array.from({ length: 20_000 }, (_, line) => 'x'.repeat(line % 97)).join('\n')}\nlast\n`;

/** What the file went in: A is what a session begins with (RFC 959 §5.1), so some do not ask for it. */
const typeOf = (said: readonly string[]): string => {
  const before = said.slice(
    0,
    said.findIndex((line) => /^(STOR|RETR)/.test(line)),
  );
  return before.findLast((line) => line.startsWith('TYPE'))?.slice(5) ?? 'A';
};

describe('clients send text with their own line ends', () => {
  let lab: ClientLab;
  let local: string;
  beforeAll(async () => {
    lab = await startClientLab();
    local = join(lab.folder, 'text');
    await writeFile(local, text);
    await lab.run(CURL.upload!(lab.server, local, '/in/text'));
  });
  afterAll(() => lab.stop());

  test.each(clientsThat('uploadText'))('%s up: stored with LF', async (name, client) => {
    const tap = await startWireTap(lab.server);
    await lab.run(client.uploadText(tap.server, local, `/in/${name}`));
    tap.close();
    expect(typeOf(tap.said)).toBe('A');
    expect(await lab.run(CURL.stream!(lab.server, `/in/${name}`))).toBe(text);
  });

  test.each(clientsThat('downloadText'))('%s down: with LF at home', async (name, client) => {
    const into = join(lab.folder, `text-of-${name}`);
    const tap = await startWireTap(lab.server);
    await lab.run(client.downloadText(tap.server, '/in/text', into));
    tap.close();
    expect(typeOf(tap.said)).toBe('A');
    expect(await readFile(into, 'utf8')).toBe(text);
  });
});
