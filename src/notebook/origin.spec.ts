import { findAgain, moveOrigin, stringOrigin } from './origin';
import type { SourceDelta } from './origin';
import type { IFoundText } from './strings/types';

const text = (from: number, to: number, variable?: string): IFoundText => ({
  kind: 'string',
  value: '',
  map: [],
  fields: [],
  span: [from, to],
  variable
});

const string = (from: number, to: number) => {
  const origin = stringOrigin([text(from, to, 'x'), text(50, 60)], 0);
  if (origin.what !== 'string') {
    throw new Error('a string is expected');
  }
  return origin;
};

/** The span `[10, 20)` after an edit. */
const moved = (...delta: SourceDelta) => {
  const origin = moveOrigin(string(10, 20), delta);
  return 'span' in origin ? origin.span : null;
};

describe('moveOrigin', () => {
  it('moves with what is inserted and deleted before', () => {
    expect(moved({ insert: 'abc' })).toEqual([13, 23]);
    expect(moved({ retain: 10 }, { insert: 'abc' })).toEqual([13, 23]);
    expect(moved({ retain: 2 }, { delete: 3 })).toEqual([7, 17]);
  });

  it('grows and shrinks with what is edited inside', () => {
    expect(moved({ retain: 15 }, { insert: 'abc' })).toEqual([10, 23]);
    expect(moved({ retain: 12 }, { delete: 4 })).toEqual([10, 16]);
    expect(moved({ retain: 5 }, { delete: 10 })).toEqual([5, 10]);
    expect(moved({ retain: 15 }, { delete: 10 })).toEqual([10, 15]);
  });

  it('stays where it is when what follows is edited', () => {
    expect(moved({ retain: 20 }, { insert: 'abc' })).toEqual([10, 20]);
    expect(moved({ retain: 30 }, { delete: 5 })).toEqual([10, 20]);
  });

  it('is empty once all is replaced', () => {
    const span = moved({ delete: 70 }, { insert: 'abc' });
    expect(span?.[0]).toBe(span?.[1]);
  });
});

describe('findAgain', () => {
  it('finds the string with most in common', () => {
    const found = [text(0, 12), text(14, 30), text(40, 50)];
    expect(findAgain(string(10, 20), found)).toBe(1);
  });

  it('is gone when nothing lies there', () => {
    expect(findAgain(string(10, 20), [text(0, 10), text(20, 30)])).toBeNull();
    expect(findAgain(string(10, 20), [])).toBeNull();
  });

  it('after all was replaced, goes by variable, then by number', () => {
    const replaced = string(3, 3);
    expect(findAgain(replaced, [text(5, 9), text(10, 12, 'x')])).toBe(1);
    expect(findAgain(replaced, [text(5, 9), text(10, 12)])).toBe(0);
    expect(findAgain(replaced, [text(5, 9)])).toBeNull();
  });
});
