import type { DatasetPage, DatasetSearch } from '../api';
import { Listing } from './listing';

const TOTAL = 10_000;

/** Rows that arrive when the test says so. */
class FakeRows {
  asked: DatasetSearch[] = [];
  answers: {
    resolve: (page: DatasetPage) => void;
    reject: (reason: Error) => void;
  }[] = [];

  page(asked: DatasetSearch): Promise<DatasetPage> {
    this.asked.push(asked);
    return new Promise((resolve, reject) => {
      this.answers.push({ resolve, reject });
    });
  }

  whole(): never {
    throw new Error('not asked for here');
  }

  /** Answer the request that has waited longest. */
  async answer(): Promise<void> {
    const { offset = 0, limit = 0 } =
      this.asked[this.asked.length - this.answers.length];
    this.answers.shift()!.resolve({
      rows: Array.from({ length: limit }, (_, i) => ({
        id: offset + i + 1,
        line: 0,
        prompt: `Row ${offset + i}`,
        length: 5,
        source: '',
        has_target: false
      })),
      total: TOTAL,
      at: null,
      revision: 0
    });
    await settled();
  }

  get offsets(): (number | undefined)[] {
    return this.asked.map(({ offset }) => offset);
  }
}

const settled = () => new Promise(done => setTimeout(done, 0));

describe('datasets/listing', () => {
  let rows: FakeRows;
  let list: Listing;

  beforeEach(async () => {
    rows = new FakeRows();
    list = new Listing(rows);
    void list.restart();
    await rows.answer();
  });

  afterEach(() => {
    list.dispose();
  });

  it('skips the pages that a fast scroll has left behind', async () => {
    for (let start = 1000; start <= 9000; start += 1000) {
      list.want(start, start + 20);
    }
    expect(rows.offsets).toEqual([0, 1000, 2000]);
    await rows.answer();
    await rows.answer();
    await rows.answer();
    expect(rows.offsets).toEqual([0, 1000, 2000, 9000]);
    expect(list.row(9005)?.prompt).toBe('Row 9005');
    expect(list.row(5005)).toBeUndefined();
  });

  it('asks for both pages at a border, each once', async () => {
    list.want(190, 210);
    list.want(190, 210);
    expect(rows.offsets).toEqual([0, 100, 200]);
  });

  it('asks again for what failed when the user goes on', async () => {
    list.changed.connect(() => list.want(500, 520)); // as its view does
    list.want(500, 520);
    rows.answers.shift()!.reject(new Error('no network'));
    await settled();
    list.want(500, 520);
    expect(rows.offsets).toEqual([0, 500]);
    list.want(510, 530);
    expect(rows.offsets).toEqual([0, 500, 500]);
  });

  it('has no rows before they are here, of a file that is being read', () => {
    const other = new Listing(rows);
    other.grow(5000);
    expect(other.total).toBe(0);
    list.grow(TOTAL + 500);
    expect(list.total).toBe(TOTAL + 500);
    other.dispose();
  });

  it('forgets what was asked for before a search', async () => {
    list.want(500, 520);
    void list.restart();
    const [old] = rows.answers.splice(0, 1);
    await rows.answer();
    old.reject(new Error('too late'));
    await settled();
    expect(list.total).toBe(TOTAL);
    list.want(700, 720);
    list.want(700, 720);
    expect(rows.offsets.slice(-1)).toEqual([700]);
  });
});
