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
    viewers.dispose();
  });

  it('lets one of two visible panels speak', () => {
    const viewers = new Viewers(() => undefined);
    const [side, tab] = [{}, {}];
    let changes = 0;
    viewers.changed.connect(() => (changes += 1));
    const speaking = () => [side, tab].filter(one => viewers.speaks(one));
    viewers.report(side, true);
    expect(viewers.speaks(side)).toBe(true);
    viewers.report(tab, true);
    expect(speaking()).toEqual([side]);
    viewers.report(side, false);
    expect(speaking()).toEqual([tab]);
    expect(changes).toBe(3);
    viewers.dispose();
  });
});
