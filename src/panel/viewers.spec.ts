import { Viewers } from './viewers';

describe('panel/viewers', () => {
  it('watches while one of two panels is visible', () => {
    const seen: boolean[] = [];
    const viewers = new Viewers(isVisible => seen.push(isVisible));
    const [side, tab] = [{}, {}];
    viewers.report(side, true);
    viewers.report(tab, true);
    viewers.report(side, false);
    viewers.report(side, false); // hidden, then detached
    expect(seen).toEqual([true, true, true, true]);
    viewers.report(tab, false);
    expect(seen.at(-1)).toBe(false);
  });
});
