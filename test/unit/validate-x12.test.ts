import { describe, expect, it } from 'vitest';
import { checkX12, ediSample } from '../support/x12-checked.ts';
import { openValidateLab } from './validate-lab.ts';

const orders = ediSample('orders.x12');
const oneBadSet = ediSample('one-bad-set.x12');
const x12 = (acknowledge: object = {}) => openValidateLab({ accept: { format: 'x12' }, acknowledge });

/** The acknowledgements that were put, each as segments. They are X12 themselves. */
async function answers(lab: ReturnType<typeof x12>): Promise<string[][]> {
  const texts = Object.entries(await lab.replies()).filter(([name]) => name.endsWith('.997'));
  return texts.map(([, text]) => {
    expect(checkX12(text)).toMatchObject({ errors: [], warnings: [] });
    return text.split('~\n').filter((segment) => segment !== '');
  });
}

describe('an accepted X12 file', () => {
  it('is answered with TA1 and 997, sender and receiver swapped', async () => {
    const lab = x12();
    const outcome = await lab.validate(await lab.arrive('po.x12', orders));
    expect(outcome).toMatchObject({
      result: 'passed',
      next: [{ stage: 'scan' }],
      details: { type: 'x12', interchanges: 1, groups: 1, sets: 2, controlNumbers: ['000000071'] },
    });
    const [answer = []] = await answers(lab);
    const number = answer[0]!.split('*')[13]!;
    expect(number).toMatch(/^2\d{8}$/);
    expect(answer).toEqual([
      `ISA*00*          *00*          *ZZ*LANDFALL       *ZZ*NORTHSHORE     *261125*1000*U*00401*${number}*0*P*>`,
      'TA1*000000071*261125*1000*A*000',
      `GS*FA*LANDFALL*NORTHSHORE*20261125*1000*${Number(number)}*X*004010`,
      'ST*997*0001',
      'AK1*PO*12',
      'AK2*850*0001',
      'AK5*A',
      'AK2*850*0002',
      'AK5*A',
      'AK9*A*2*2*2',
      'SE*8*0001',
      `GE*1*${Number(number)}`,
      `IEA*1*${number}`,
    ]);
  });

  it('gets the same answer from a second attempt', async () => {
    const lab = x12();
    const work = await lab.arrive('po.x12', orders);
    await lab.validate(work);
    const once = await lab.replies();
    expect((await lab.validate(work)).result).toBe('passed');
    expect(await lab.replies()).toEqual(once);
    const numbers = await Array.fromAsync(lab.store.folders.list('ledger/claims/x12-control-number'));
    expect(numbers).toHaveLength(1);
  });

  it('gets no answer where the feed wants none', async () => {
    for (const policy of ['never', 'on-error']) {
      const lab = x12({ x12: policy });
      await lab.validate(await lab.arrive('po.x12', orders));
      expect(await answers(lab)).toEqual([]);
    }
  });

  it('is never answered when it is an acknowledgement', async () => {
    const lab = x12();
    await lab.validate(await lab.arrive('po.x12', orders));
    const [text = ''] = Object.values(await lab.replies());
    await lab.validate(await lab.arrive('answer.x12', text));
    const ta1 = `${orders.slice(0, orders.indexOf('GS*'))}TA1*000000001*261125*1000*A*000~IEA*0*000000071~`;
    const outcome = await lab.validate(await lab.arrive('ta1.x12', ta1.replaceAll('000000071', '000000090')));
    expect(outcome.result).toBe('passed');
    expect(await answers(lab)).toHaveLength(1);
  });

  it('gives every answer its own number, many at once', async () => {
    const lab = x12();
    const names = Array.from({ length: 20 }, (_, index) => String(100 + index).padStart(9, '0'));
    await Promise.all(
      names.map(async (number) =>
        lab.validate(await lab.arrive(number, orders.replaceAll('000000071', number))),
      ),
    );
    const numbers = (await answers(lab)).map(([isa]) => isa!.split('*')[13]);
    expect(new Set(numbers).size).toBe(20);
  });
});

describe('a rejected X12 file', () => {
  it('is told of each set, and accepts none', async () => {
    const lab = x12();
    const outcome = await lab.validate(await lab.arrive('po.x12', oneBadSet));
    expect(outcome).toMatchObject({ result: 'rejected', next: [] });
    expect(outcome.reasons!.map(({ code }) => code)).toEqual([
      'x12.segment-id',
      'x12.se-count',
      'x12.se-number',
    ]);
    const [answer = []] = await answers(lab);
    expect(answer.slice(2, -2)).toEqual([
      'ST*997*0001',
      'AK1*PO*13',
      'AK2*850*0001',
      'AK5*R',
      'AK2*850*0002',
      'AK3*po1*3**1',
      'AK5*R*5*4*3',
      'AK9*R*2*2*0',
      'SE*9*0001',
    ]);
  });

  it('gets a TA1 and no 997 when the interchange is at fault', async () => {
    const lab = x12();
    await lab.validate(await lab.arrive('po.x12', orders.replace('IEA*1*000000071', 'IEA*1*000000070')));
    const [answer = []] = await answers(lab);
    expect(answer.slice(1, -1)).toEqual(['TA1*000000071*261125*1000*R*001']);
  });

  it('may be sent again under its number after repair', async () => {
    const lab = x12();
    await lab.validate(await lab.arrive('po.x12', orders.replace('SE*6', 'SE*5')));
    expect((await lab.validate(await lab.arrive('po.x12', orders))).result).toBe('passed');
  });

  it("is not answered in X12 when its bytes are not the sender's", async () => {
    const lab = x12();
    await lab.put('/in/po.x12.sha256', '0'.repeat(64));
    expect((await lab.validate(await lab.arrive('po.x12', orders))).result).toBe('rejected');
    expect(await answers(lab)).toEqual([]);
  });

  it('has at most a hundred reasons in its record', async () => {
    const lab = x12();
    const outcome = await lab.validate(
      await lab.arrive('po.x12', orders.replace('CTT*1~', '~'.repeat(5000))),
    );
    expect(outcome.reasons).toHaveLength(100);
    expect(outcome.details).toMatchObject({ errors: 5001 });
  });

  it('is answered however many errors it has', async () => {
    const lab = x12();
    const set = (number: number): string => `ST*850*${number}~\n?~SE*3*${number}~\n`;
    const sets = Array.from({ length: 8000 }, (_, index) => set(index + 1000)).join('');
    const [head, foot] = [orders.indexOf('ST*'), orders.indexOf('GE*')];
    await lab.validate(await lab.arrive('po.x12', orders.slice(0, head) + sets + orders.slice(foot)));
    const [answer = []] = await answers(lab);
    expect(answer.filter((segment) => segment.startsWith('AK5*R*5'))).toHaveLength(8000);
  });

  it('cannot slip separators into the answer', async () => {
    const lab = x12();
    const hostile = orders.replaceAll('*', '|').replace('|850|0001', '|8>\x07|0001');
    await lab.validate(await lab.arrive('po.x12', hostile));
    const [text = ''] = Object.values(await lab.replies());
    expect(checkX12(text).errors).toEqual([]);
    expect(text).toContain('AK2|8|0001~');
  });
});

describe('an X12 file whose control number came before', () => {
  it('is acknowledged again and goes no further when it is the same file', async () => {
    const lab = x12();
    await lab.validate(await lab.arrive('po.x12', orders));
    const again = await lab.validate(await lab.arrive('again.x12', orders));
    expect(again).toMatchObject({ result: 'passed', next: [], reasons: [{ code: 'duplicate-resend' }] });
    expect((await answers(lab)).map((answer) => answer.at(-4))).toEqual(['AK9*A*2*2*2', 'AK9*A*2*2*2']);
  });

  it('is quarantined with TA1 025 when its content is another', async () => {
    const lab = x12();
    const first = await lab.arrive('po.x12', orders);
    await lab.validate(first);
    const work = await lab.arrive('other.x12', orders.replace('ANCHOR', 'CANNON'));
    for (const attempt of ['first', 'second']) {
      const outcome = await lab.validate(work);
      expect(outcome, attempt).toMatchObject({ result: 'quarantined', next: [] });
      expect(outcome.reasons![0]!.message).toContain(first.arrival.id);
    }
    expect((await answers(lab)).flat()).toContain('TA1*000000071*261125*1000*R*025');
    expect(await lab.store.objects.head(work.arrival.key)).toBeUndefined();
  });

  it('is new again after its window', async () => {
    const lab = x12();
    const at = (receivedAt: string) => ({ receivedAt });
    await lab.validate(await lab.arrive('po.x12', orders, at('2026-01-01T00:00:00.000Z')));
    const other = orders.replace('ANCHOR', 'CANNON');
    const later = await lab.validate(await lab.arrive('po.x12', other, at('2026-09-01T00:00:00.000Z')));
    expect(later.result).toBe('passed');
    const third = await lab.validate(await lab.arrive('po.x12', orders, at('2026-09-02T00:00:00.000Z')));
    expect(third.result).toBe('quarantined');
  });
});
