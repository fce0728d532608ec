import { checkRun } from './record';
import { upgradeRun } from './upgrade';

const { record, upgraded, unchanged } = jest.requireActual<{
  record: unknown;
  upgraded: unknown;
  unchanged: unknown[];
}>('../../tests/fixtures/runs_0_1_0.json');

describe('api/upgrade', () => {
  it('gives a run of version 0.1.0 the names of this one', () => {
    const before = JSON.stringify(record);
    expect(upgradeRun(record)).toEqual(upgraded);
    expect(upgradeRun(upgraded)).toEqual(upgraded);
    expect(JSON.stringify(record)).toBe(before);
  });

  it.each(unchanged.map(value => [value]))(
    'leaves what is no such run as it is: %j',
    value => {
      expect(upgradeRun(value)).toEqual(value);
    }
  );

  it('is done where a run is checked', () => {
    const run = checkRun(record);
    expect(run).toEqual(checkRun(upgraded));
    expect(run.reason).toBe('forced_answer');
    expect(run.scores!.map(({ event }) => event.foil)).toEqual([
      null,
      [9, 58],
      null,
      [9]
    ]);
  });
});
