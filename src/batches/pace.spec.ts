import { Pace } from './pace';

describe('batches/pace', () => {
  it('is known once two numbers of rows were seen', () => {
    const pace = new Pace();
    pace.see(2, 0);
    pace.see(2, 3000);
    expect(pace.of(10)).toBeNull();
    pace.see(4, 4000);
    expect(pace.of(10)).toEqual({ perRow: 2, left: 12 });
    expect(pace.of(4)).toEqual({ perRow: 2, left: 0 });
  });

  it('begins again where rows that failed are tried again', () => {
    const pace = new Pace();
    pace.see(8, 0);
    pace.see(9, 1000);
    pace.see(5, 2000);
    expect(pace.of(10)).toBeNull();
    pace.see(6, 5000);
    expect(pace.of(10)?.perRow).toBe(3);
  });

  it('counts no time in which nobody looked', () => {
    const pace = new Pace();
    pace.see(1, 0);
    pace.rest();
    pace.see(2, 100_000);
    pace.see(3, 101_000);
    expect(pace.of(3)?.perRow).toBe(1);
  });
});
