type Fits = (character: string) => boolean;
/** One step of the way through a pattern: takes a character that fits, or goes on at one of several steps. */
type Step = { readonly fits: Fits } | { readonly goTo: number[] };

/** `**` where it is a whole segment, a class, a character that is meant as itself, any other character. */
const TOKEN = /(?<=^|\/)\*\*(?:\/|$)|\[[!^]?(?:\]|[^\]/])[^\]/]*\]|\\.|./gsu;

const anything: Fits = () => true;
const withinSegment: Fits = (character) => character !== '/';
const itself =
  (one: string): Fits =>
  (character) =>
    character === one;

/**
 * What a glob matches: `*` within a segment, `**` across, `?`, `{a,b}`, `[a-z]`, `[!a-z]`, `\*`; letters' case matters.
 * Clients send patterns too (LIST, NLST, STAT). All ways through one are gone at the same time, so that each character
 * of a path costs no more steps than the pattern has (K. Thompson, "Regular Expression Search Algorithm", 1968).
 */
export function globMatcher(glob: string): (path: string) => boolean {
  const steps = stepsOf(glob.match(TOKEN) ?? []);

  const reach = (at: Set<number>): Set<number> => {
    // What is added to a set while it is walked is walked, too.
    for (const index of at) {
      const step = steps[index];
      if (step && 'goTo' in step) for (const next of step.goTo) at.add(next);
    }
    return at;
  };

  return (path) => {
    let at = reach(new Set([0]));
    for (const character of path) {
      const next = new Set<number>();
      for (const index of at) {
        const step = steps[index];
        if (step && 'fits' in step && step.fits(character)) next.add(index + 1);
      }
      if (next.size === 0) return false;
      at = reach(next);
    }
    return at.has(steps.length);
  };
}

/** Patterns of partners' files that are kept ready: every upload asks for the same few. */
const MAX_READY = 1_000;
const ready = new Map<string, (path: string) => boolean>();

/** For patterns that clients cannot choose. */
export function matchesGlob(path: string, glob: string): boolean {
  const known = ready.get(glob);
  if (known) return known(path);
  if (ready.size === MAX_READY) ready.clear();
  const matches = globMatcher(glob);
  ready.set(glob, matches);
  return matches(path);
}

/** What cannot be meant by a glob that a person wrote, though it is one; undefined where all can. */
export function globProblem(glob: string): string | undefined {
  /** Of each brace that is open: whether there is something to choose from. */
  const open: boolean[] = [];
  for (const token of glob.match(TOKEN) ?? []) {
    if (token === '[') return 'has a [ without its ]; \\[ means itself';
    if (token === '{') open.push(false);
    else if (token === ',' && open.length > 0) open[open.length - 1] = true;
    else if (token === '}' && open.pop() !== true)
      return 'has a } without { and , before it; \\} means itself';
  }
  return open.length > 0 ? 'has a { without its }; \\{ means itself' : undefined;
}

function stepsOf(tokens: readonly string[]): Step[] {
  const steps: Step[] = [];
  /** Of each group that is open: where its alternatives begin, and where each goes on when the group is over. */
  const open: { readonly begins: number[]; readonly ends: number[][] }[] = [];

  const anyNumberOf = (fits: Fits): void => {
    const first = steps.length;
    steps.push({ goTo: [first + 1, first + 3] }, { fits }, { goTo: [first] });
  };
  const endAlternative = (): void => {
    const goTo: number[] = [];
    steps.push({ goTo });
    open.at(-1)!.ends.push(goTo);
  };
  const special: Record<string, () => void> = {
    '?': () => steps.push({ fits: withinSegment }),
    '*': () => anyNumberOf(withinSegment),
    '**': () => anyNumberOf(anything),
    '**/': () => {
      const goTo = [steps.length + 1];
      steps.push({ goTo });
      anyNumberOf(anything);
      steps.push({ fits: itself('/') });
      goTo.push(steps.length);
    },
    '{': () => {
      const begins = [steps.length + 1];
      steps.push({ goTo: begins });
      open.push({ begins, ends: [] });
    },
    ',': () => {
      endAlternative();
      open.at(-1)!.begins.push(steps.length);
    },
    '}': () => {
      endAlternative();
      for (const goTo of open.pop()!.ends) goTo.push(steps.length);
    },
  };

  const grouping = groupingIn(tokens);
  for (const [index, token] of tokens.entries()) {
    const isSpecial = Object.hasOwn(special, token) && (!'{,}'.includes(token) || grouping.has(index));
    if (isSpecial) special[token]!();
    else if (token.length > 1 && token.startsWith('[')) steps.push({ fits: ofClass(token) });
    else steps.push({ fits: itself(token.startsWith('\\') ? token.slice(1) || token : token) });
  }
  return steps;
}

/** Which braces and commas are those of groups; others, as in `{a}` and `a,b`, are meant as themselves. */
function groupingIn(tokens: readonly string[]): Set<number> {
  const grouping = new Set<number>();
  const open: number[][] = [];
  for (const [index, token] of tokens.entries()) {
    if (token === '{') open.push([index]);
    else if (token === ',') open.at(-1)?.push(index);
    else if (token === '}') {
      const marks = open.pop() ?? [];
      if (marks.length > 1) for (const mark of [...marks, index]) grouping.add(mark);
    }
  }
  return grouping;
}

/** `[a-z_]` and `[!a-z_]`, which no slash is of. */
function ofClass(token: string): Fits {
  const [, not, members = ''] = /^\[([!^]?)(.*)\]$/su.exec(token) ?? [];
  const ranges = [...members.matchAll(/(.)(?:-(.))?/gsu)].map(([, first = '', last = first]) =>
    [first, last].map((character) => character.codePointAt(0)!),
  );
  return (character) => {
    const code = character.codePointAt(0)!;
    const isMember = ranges.some(([first, last]) => first! <= code && code <= last!);
    return character !== '/' && isMember !== (not !== '');
  };
}
