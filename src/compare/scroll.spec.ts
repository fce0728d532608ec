import { ascending, follow } from './scroll';

const at = (top: number, all: number) => ({ top, inView: 100, all });

describe('compare/scroll', () => {
  it('reaches both ends of both texts, whatever their lengths', () => {
    expect(follow(at(0, 1000), { inView: 100, all: 300 }, [])).toBe(0);
    expect(follow(at(900, 1000), { inView: 100, all: 300 }, [])).toBe(200);
    expect(follow(at(200, 300), { inView: 50, all: 1000 }, [])).toBe(950);
  });

  it('keeps what belongs together side by side', () => {
    // 400 pixels more stand before the anchor on the other side.
    const anchors = [
      [200, 600],
      [800, 1200]
    ] as const;
    const top = follow(at(450, 1000), { inView: 100, all: 1400 }, anchors);
    expect(top).toBeCloseTo(850);
  });

  it('stays where there is nothing to scroll', () => {
    expect(follow(at(0, 100), { inView: 100, all: 100 }, [])).toBe(0);
    expect(follow(at(10, 300), { inView: 100, all: 80 }, [])).toBe(0);
  });

  it('leaves out anchors that go back', () => {
    const anchors = ascending([
      [0, 0],
      [10, 20],
      [10, 30],
      [20, 15],
      [30, 40]
    ]);
    expect(anchors).toEqual([
      [0, 0],
      [10, 20],
      [30, 40]
    ]);
  });
});
