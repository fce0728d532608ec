import { segmentsBetween, selectBetween } from './selected';

describe('map/selected', () => {
  let textElement: HTMLElement;
  let segments: HTMLElement[];

  beforeEach(() => {
    document.body.innerHTML =
      '<p>before</p><div class="text">' +
      '<span data-segment="0">One.</span> <span data-segment="1">Two.</span>\n' +
      '<span data-segment="2">Three.</span></div><p>after</p>';
    textElement = document.querySelector('.text')!;
    segments = [...textElement.querySelectorAll<HTMLElement>('[data-segment]')];
  });

  function range(
    [start, from]: readonly [Node, number],
    [end, to]: readonly [Node, number]
  ): Range {
    // JupyterLab's test environment replaces `Range`: the selection's is a real one.
    window.getSelection()!.setBaseAndExtent(start, from, end, to);
    return window.getSelection()!.getRangeAt(0);
  }

  const textOf = (i: number): Node => segments[i].firstChild!;

  it('takes whole segments for what is selected in part', () => {
    const some = range([textOf(0), 2], [textOf(1), 1]);
    expect(segmentsBetween(textElement, some)).toEqual([0, 1]);
  });

  it('leaves segments that are only touched', () => {
    const touching = range([textOf(0), 4], [textOf(2), 0]);
    expect(segmentsBetween(textElement, touching)).toEqual([1, 1]);
  });

  it('finds none in blanks, nor in what goes beyond the text', () => {
    const blank = segments[0].nextSibling!;
    expect(
      segmentsBetween(textElement, range([blank, 0], [blank, 1]))
    ).toBeNull();
    const beyond = range([textOf(1), 0], [document.body.lastChild!, 1]);
    expect(segmentsBetween(textElement, beyond)).toBeNull();
  });

  it.each([
    [0, 1],
    [2, 1],
    [1, 1]
  ])('selects from segment %d to %d', (from, to) => {
    selectBetween(segments[from], segments[to]);
    const selection = window.getSelection()!;
    expect(segmentsBetween(textElement, selection.getRangeAt(0))).toEqual([
      Math.min(from, to),
      Math.max(from, to)
    ]);
    // Where it goes on from there: copying and further keys know it.
    expect(segments[to].contains(selection.focusNode)).toBe(true);
  });
});
