import type { Cell } from '@jupyterlab/cells';
import { CodeCell } from '@jupyterlab/cells';

import type { IShadedRange } from '../overlay';
import { align } from './align';
import { ShownPainter, shownRange } from './painter';
import type { IShownPainting } from './painter';
import type { ShownPlace } from './place';
import { portionsOf, shownText } from './text';

/** An element with some HTML in the page. */
function element(html: string): HTMLElement {
  const node = document.createElement('div');
  node.innerHTML = html;
  document.body.append(node);
  return node;
}

/** The ranges of words of a text; the first one's rank is 1. */
function ranges(text: string, ...words: string[]): IShadedRange[] {
  return words.map((word, i) => {
    const from = text.indexOf(word);
    return {
      span: [from, from + word.length],
      weight: 1 / (i + 1),
      rank: i + 1,
      label: `Rank ${i + 1}`
    };
  });
}

/** What is shaded in an element, and how. */
const shades = (node: Element) =>
  [...node.querySelectorAll<HTMLElement>('.lit-shade')].map(shade => [
    shade.textContent,
    shade.style.getPropertyValue('--lit-weight'),
    shade.title
  ]);

const frame = () => new Promise(done => requestAnimationFrame(done));

/** A Markdown cell that is rendered. */
const markdown = (html: string) =>
  ({
    node: element(`<div class="jp-MarkdownOutput">${html}</div>`)
  }) as unknown as Cell;

/** A code cell with outputs. */
function code(...outputs: string[]): Cell {
  const cell = Object.create(CodeCell.prototype) as Cell;
  const nodes = outputs.map(html =>
    element(
      `<div class="jp-OutputPrompt">[1]:</div><div class="jp-OutputArea-output">${html}</div>`
    )
  );
  const node = document.createElement('div');
  node.append(...nodes);
  Object.defineProperties(cell, {
    node: { value: node },
    outputArea: { value: { widgets: nodes.map(one => ({ node: one })) } }
  });
  return cell;
}

function painting(
  text: string,
  place: ShownPlace,
  ...words: string[]
): IShownPainting {
  return { text, place, ranges: ranges(text, ...words) };
}

afterEach(() => {
  document.body.replaceChildren();
});

/** A range; the specs' document has none that works. */
class FakeRange {
  setStart(node: Text, at: number): void {
    this._text = node.data.slice(at);
    this._from = at;
  }

  setEnd(_: Text, at: number): void {
    this._text = this._text.slice(0, at - this._from);
  }

  toString(): string {
    return this._text;
  }

  private _text = '';
  private _from = 0;
}

const { Range } = globalThis;

beforeEach(() => {
  Object.assign(globalThis, { Range: FakeRange });
});

afterEach(() => {
  Object.assign(globalThis, { Range });
});

describe('notebook/shown/align', () => {
  const found = (text: string, shown: string, part: string, isPart = false) => {
    const from = text.indexOf(part);
    const [place] = align(text, shown, [[from, from + part.length]], isPart);
    return place && shown.slice(...place);
  };

  it.each([
    ['the same text', 'One. Two.', 'One. Two.', 'Two.', 'Two.'],
    ['other blanks', 'One.\n\nTwo.', '  One. Two.\n', 'Two.', 'Two.'],
    ['emphasis', 'It is **very** good.', 'It is very good.', 'very', 'very'],
    [
      'a part of a word',
      'It is **very** good.',
      'It is very good.',
      'ry',
      'ry'
    ],
    [
      'a link',
      'See [the menu](http://a.b/c) now.',
      'See the menu now.',
      'See [the menu](http://a.b/c)',
      'See the menu'
    ],
    ['a list', '- One\n- Two', 'One\nTwo', '- Two', 'Two'],
    ['no blanks', '这是**粗体**吗', '这是粗体吗', '粗体', '粗体'],
    [
      'a repeated line',
      '# A\n\nsame\n\n## B\n\nsame',
      'A\nsame\nB\nsame',
      '## B\n\nsame',
      'B\nsame'
    ]
  ])('finds a stretch: %s', (_, text, shown, part, expected) => {
    expect(found(text, shown, part)).toBe(expected);
  });

  it.each([
    ['markup alone', 'a ![](x.png) b', 'a b', '![](x.png)'],
    ['another text', 'One. Two.', 'Something else altogether', 'One.'],
    [
      'an image of a table',
      '<Table object at 0x7f>',
      'Name Age Ann 7 Bob 9 Object',
      'object'
    ]
  ])('says nothing of %s', (_, text, shown, part) => {
    expect(found(text, shown, part)).toBeNull();
  });

  it('finds a part only where it stands once', () => {
    expect(found('two three', 'one two\nthree four', 'three', true)).toBe(
      'three'
    );
    expect(found('two', 'one two two', 'two', true)).toBeNull();
    expect(found('two five', 'one two three', 'two', true)).toBeNull();
  });

  it('bounds what it compares', () => {
    const long = 'word '.repeat(50_000);
    expect(found(long, `${long}!`, 'word')).toBeNull();
  });
});

describe('notebook/shown/text', () => {
  it('sets blocks apart, and leaves out what is no text of the cell', () => {
    const root = element(
      '<h1>Menu<a class="jp-InternalAnchorLink">¶</a></h1><p>It is <em>ve</em>ry good.</p><table><tr><td>a</td><td>b</td></tr></table>'
    );
    expect(shownText([root])?.text.trim()).toBe('Menu\nIt is very good.\na\nb');
  });

  it('gives the text nodes of a span', () => {
    const root = element('<p>It is <em>ve</em>ry good.</p>');
    const shown = shownText([root])!;
    const from = shown.text.indexOf('is');
    const to = shown.text.indexOf(' good');
    expect(
      portionsOf(shown, [from, to]).map(one =>
        one.node.data.slice(one.from, one.to)
      )
    ).toEqual(['is ', 've', 'ry']);
  });
});

describe('notebook/shown/painter', () => {
  const SOURCE = 'Write *one* headline. Be **brief**.';
  const HTML = '<p>Write <em>one</em> headline. Be <strong>brief</strong>.</p>';

  it('shades rendered Markdown, and leaves it as it was', () => {
    const cell = markdown(HTML);
    const text = cell.node.querySelector('strong')!.firstChild;
    const painter = new ShownPainter(cell);
    painter.paint(
      painting(SOURCE, { what: 'markdown' }, 'Be **brief**.', 'headline')
    );
    expect(shades(cell.node)).toEqual([
      ['headline', '0.500', 'Rank 2'],
      ['Be ', '1.000', 'Rank 1'],
      ['brief', '1.000', 'Rank 1'],
      ['.', '1.000', 'Rank 1']
    ]);
    painter.dispose();
    expect(cell.node.innerHTML).toBe(
      `<div class="jp-MarkdownOutput">${HTML}</div>`
    );
    expect(cell.node.querySelector('strong')!.firstChild).toBe(text);
  });

  it('shades again what is rendered again', async () => {
    const cell = markdown('<p>Old</p>');
    const painter = new ShownPainter(cell);
    painter.paint(painting(SOURCE, { what: 'markdown' }, 'one'));
    expect(shades(cell.node)).toEqual([]);
    cell.node.firstElementChild!.innerHTML = HTML;
    await frame();
    await frame();
    expect(shades(cell.node)).toEqual([['one', '1.000', 'Rank 1']]);
    painter.dispose();
  });

  it('shades a printed output, and no other', () => {
    const cell = code('<pre>One. Two.</pre>', '<pre>One. Two.</pre>');
    const painter = new ShownPainter(cell);
    painter.paint(painting('One. Two.', { what: 'output', index: 1 }, 'Two.'));
    const [first, second] = cell.node.querySelectorAll('pre');
    expect(shades(first)).toEqual([]);
    expect(shades(second)).toEqual([['Two.', '1.000', 'Rank 1']]);
    painter.dispose();
  });

  it('shades a string’s representation', () => {
    const cell = code("<pre>'It\\'s one.\\nnew\\tC:\\\\new'</pre>");
    const painter = new ShownPainter(cell);
    const text = "It's one.\nnew\tC:\\new";
    painter.paint(
      painting(text, { what: 'output', index: 0 }, 'new', "It's one.")
    );
    expect(shades(cell.node).map(([shade]) => shade)).toEqual([
      "It\\'s one.",
      'new'
    ]);
    painter.dispose();
  });

  it('shades a text that was selected in outputs', () => {
    const cell = code('<pre>zero</pre>', '<pre>one two</pre>');
    const painter = new ShownPainter(cell);
    painter.paint(painting('one two', { what: 'part' }, 'two'));
    expect(shades(cell.node).map(([shade]) => shade)).toEqual(['two']);
    painter.dispose();
  });

  it('writes no HTML', () => {
    const text = 'Use <b>bold</b> & <img src=x>';
    const pre = document.createElement('pre');
    pre.textContent = text;
    const cell = code(pre.outerHTML);
    const painter = new ShownPainter(cell);
    painter.paint(painting(text, { what: 'output', index: 0 }, text));
    expect(shades(cell.node)[0][0]).toBe(text);
    expect(cell.node.querySelector('img')).toBeNull();
    painter.dispose();
  });

  it('says where a span is shown', () => {
    const cell = markdown(HTML);
    const range = shownRange(
      cell,
      { text: SOURCE, place: { what: 'markdown' } },
      [SOURCE.indexOf('**brief'), SOURCE.length]
    );
    expect(range?.toString()).toBe('brief');
    expect(cell.node.innerHTML).toContain(HTML);
  });
});

describe('where the browser has highlights', () => {
  const registry = new Map<string, Set<AbstractRange>>();

  beforeEach(() => {
    Object.assign(globalThis, {
      Highlight: class extends Set {},
      CSS: { highlights: registry }
    });
  });

  afterEach(() => {
    Object.assign(globalThis, { Highlight: undefined, CSS: undefined });
    registry.clear();
  });

  const drawn = () =>
    Object.fromEntries(
      [...registry].flatMap(([name, all]) =>
        all.size > 0 ? [[name, [...all].map(String)]] : []
      )
    );

  it('shades by them, and never touches the document', () => {
    const cell = code('<pre>One. Two.</pre>');
    const before = cell.node.innerHTML;
    const painter = new ShownPainter(cell);
    const place = { what: 'output', index: 0 } as const;
    painter.paint({
      text: 'One. Two.',
      place,
      ranges: [
        { span: [0, 4], weight: -0.31, rank: 9, label: '' },
        { span: [5, 9], weight: 1, rank: 1, label: '' }
      ]
    });
    expect(drawn()).toEqual({
      'lit-against-2': ['One.'],
      'lit-for-8': ['Two.'],
      'lit-for-rank-1': ['Two.']
    });
    expect(cell.node.innerHTML).toBe(before);
    // Those of another prompt stay.
    const other = code('<pre>Three.</pre>');
    const another = new ShownPainter(other);
    another.paint(painting('Three.', place, 'Three.'));
    painter.dispose();
    expect(drawn()).toEqual({
      'lit-for-8': ['Three.'],
      'lit-for-rank-1': ['Three.']
    });
    another.dispose();
    expect(drawn()).toEqual({});
  });
});
