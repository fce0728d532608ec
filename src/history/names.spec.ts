import type { RunInfo } from '../api';
import { namesOf } from './names';

function run(
  id: string,
  answer: string,
  fields: Partial<RunInfo> = {}
): RunInfo {
  return {
    id,
    created: 0,
    model: 'demo',
    origin: null,
    title: '',
    starred: false,
    prompt: 'Suggestion: soup',
    prompt_end: '',
    answer,
    answer_end: '',
    scores: 0,
    forced_answer: false,
    num_turns: 0,
    partial: null,
    ...fields
  };
}

function shown(runs: readonly RunInfo[]): string[] {
  const names = namesOf(runs);
  return runs.map(({ id }) => names.get(id)!.name);
}

const SAME = ' He likes soup.\nThere is nothing that he could not eat in it.\n';

const MINE = 'Mine';

describe('history/names', () => {
  it('shows where answers differ that begin alike', () => {
    expect(
      shown([
        run('a', `${SAME}Recommendation: You have to try it.`),
        run('b', `${SAME}Recommendation: Avoid it.`),
        run('c', ' Something else.')
      ])
    ).toEqual([
      'He likes … You have to try it.',
      'He likes … Recommendation: Avoid it.',
      'Something else.'
    ]);
  });

  it('shows each from where it differs from the one most like it', () => {
    const names = shown([
      run('a', `${SAME}Yes. It is good, and he will like all of it.`),
      run('b', `${SAME}Yes. It is good, and he will like some of it.`),
      run('c', `${SAME}No.`)
    ]);
    expect(new Set(names.map(name => name.split(' … ')[1]))).toEqual(
      new Set(['like all of it.', 'like some of it.', 'eat in it. No.'])
    );
  });

  it('shows the end of one that broke off where another goes on', () => {
    const [short, long] = shown([
      run('a', `${SAME}Recommendation: You`),
      run('b', `${SAME}Recommendation: You have to try it.`)
    ]);
    expect(short.endsWith('Recommendation: You')).toBe(true);
    expect(long.endsWith('… You have to try it.')).toBe(true);
  });

  it('knows the ends of answers of which the list has no middle', () => {
    const long = 'word '.repeat(60);
    const names = shown([
      run('a', long, { answer_end: `${'word '.repeat(50)}Yes, do.` }),
      run('b', long, { answer_end: `${'word '.repeat(50)}No, don’t.` })
    ]);
    expect(names[0]).toMatch(/ … (word )+Yes, do\.$/);
    expect(names[1]).toMatch(/ … (word )+No, don’t\.$/);
    expect(Math.max(...names.map(name => name.length))).toBeLessThan(60);
  });

  it('leaves what begins differently, has a title, or stands alone', () => {
    const runs = [
      run('a', `${SAME}Yes.`, { title: MINE }),
      run('b', `${SAME}No.`),
      run('c', ' Soup, perhaps.'),
      run('d', ' Soup, yes.')
    ];
    expect(shown(runs)).toEqual([
      MINE,
      `${SAME}No.`.replace(/\s+/g, ' ').trim(),
      'Soup, perhaps.',
      'Soup, yes.'
    ]);
  });

  it('tells the same answers to different prompts apart by the prompts', () => {
    const prompt = 'Be brief. Be polite. Name one dish. Suggestion: ';
    const names = namesOf([
      run('a', ' Soup.', { prompt: `${prompt}Baguette` }),
      run('b', ' Soup.', { prompt: `${prompt}Onions` }),
      run('c', ' Bread.', { prompt: `${prompt}Water` })
    ]);
    expect(names.get('a')!.prompt).toBe('Be … Suggestion: Baguette');
    expect(names.get('b')!.prompt).toBe('Be … Suggestion: Onions');
    expect(names.get('c')!.prompt).toBe('');
    const same = namesOf([run('a', ' Soup.'), run('b', ' Soup.')]);
    expect(same.get('a')).toEqual({ name: 'Soup.', prompt: '' });
  });

  it('cuts no character, with or without blanks', () => {
    const eggs = '🥚'.repeat(40);
    for (const name of shown([
      run('a', `${eggs}🍲`),
      run('b', `${eggs}🍳`),
      run('c', eggs)
    ])) {
      expect(name).not.toMatch(/�/);
      expect(encodeURIComponent(name)).toBeTruthy(); // throws on half a character
      expect(name).toContain(' … ');
    }
  });

  it('has a name for a run without an answer', () => {
    expect(shown([run('a', '')])).toEqual(['Suggestion: soup']);
    expect(shown([run('a', '', { prompt: ' ' })])).toEqual(['']);
  });
});
