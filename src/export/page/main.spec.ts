/** What an exported page's script does with data that somebody changed: it tells, and leaves no blank. */
import { finished, LOOK } from '../fixtures';
import { packRun } from '../packed';

const RUN = packRun(finished('One. Two.', ' Three.'));
const GOOD = { runs: [RUN], look: LOOK, targets: [null] };

/** Whether drawing fails in the middle. */
let fails = false;

jest.mock('../reader', () => {
  const { Reader } = jest.requireActual('../reader');
  return {
    Reader: (props: object) => {
      if (fails) {
        throw new Error('In the middle of it.');
      }
      return Reader(props);
    }
  };
});

/** Open a page that carries a text as its data; null: it has lost it. */
async function open(data: string | null): Promise<void> {
  delete document.documentElement.dataset.live;
  document.body.innerHTML =
    '<main id="lit-reader"><p class="still">One. Two. Three.</p></main>';
  if (data !== null) {
    const script = document.createElement('script');
    script.id = 'lit-data';
    script.type = 'application/json';
    script.textContent = data;
    document.body.append(script);
  }
  await jest.isolateModulesAsync(async () => {
    await import('./main');
  });
}

const said = () =>
  document.querySelector('[role="alert"]')?.textContent ?? null;

describe('the script of an exported page', () => {
  beforeEach(() => {
    fails = false;
  });

  it('draws a run that is whole', async () => {
    await open(JSON.stringify(GOOD));
    expect(said()).toBeNull();
    expect(document.querySelector('#lit-reader article')).not.toBeNull();
    expect(document.querySelector('.still')).toBeNull();
    expect(document.documentElement.dataset.live).toBe('true');
  });

  it.each([
    ['no data at all', null, 'damaged'],
    ['an empty text', '', 'damaged'],
    ['half of it', JSON.stringify(GOOD).slice(0, 400), 'damaged'],
    ['null', 'null', 'no run'],
    ['a number', '7', 'no run'],
    ['nothing of it', '{}', 'no run'],
    ['no runs', JSON.stringify({ ...GOOD, runs: [] }), 'no run'],
    [
      'too many runs',
      JSON.stringify({ ...GOOD, runs: [RUN, RUN, RUN] }),
      'no run'
    ],
    ['a run that is none', '{"runs": ["<img src=x>"]}', 'no run'],
    ['another format', '{"runs": [{"packed": 3}]}', 'format'],
    [
      'a damaged run',
      JSON.stringify({ runs: [{ ...RUN, answer: 7 }] }),
      'answer is no text'
    ],
    [
      'a damaged run beside a whole one',
      JSON.stringify({ runs: [RUN, { ...RUN, logprobs: 'AAAA' }] }),
      'damaged'
    ]
  ])('tells of %s, and leaves the still picture', async (_, data, words) => {
    await open(data);
    expect(said()).toMatch(/^This run can’t be shown\. [A-Z].*\.$/s);
    expect(said()).toContain(words);
    expect(document.querySelector('.still')).not.toBeNull();
    expect(document.querySelector('img')).toBeNull();
    expect(document.documentElement.dataset.live).toBeUndefined();
  });

  it('takes what is wrong with how it is looked at for what is usual', async () => {
    await open(JSON.stringify({ runs: [RUN], look: '<b>', targets: { 0: 1 } }));
    expect(said()).toBeNull();
    expect(document.querySelector('#lit-reader article')).not.toBeNull();
  });

  it('tells of what fails while it is drawn', async () => {
    const errors = jest.spyOn(console, 'error').mockImplementation();
    fails = true;
    await open(JSON.stringify(GOOD));
    errors.mockRestore();
    expect(said()).toContain('In the middle of it.');
    expect(document.documentElement.dataset.live).toBeUndefined();
  });
});
