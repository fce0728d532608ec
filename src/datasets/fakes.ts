/** Fakes for the specs: a server with datasets. */
import { ApiError } from '../api';
import type { DatasetEdit, DatasetOpening, DatasetState, Turn } from '../api';
import type { DatasetsClient } from './model';

/** A server extension with one kind of dataset, of `prompts`. */
export class FakeServer {
  prompts = ['Analyze a dish.', 'Write a headline.'];
  asked: string[] = [];
  opened: DatasetOpening[] = [];
  edits: DatasetEdit[] = [];
  failure: ApiError | null = null;
  gone = false;
  bad = 0;
  /** Each row's turns, if it is a conversation. */
  turns: Turn[] = [];
  /** Other columns, with each row's values. */
  others: Record<string, string> = {};
  /** Whether something else has changed the file. */
  changedOnDisk = false;
  /** How many times it answers that it is still reading. */
  reading = 0;
  /** What it can't do. */
  readonly broken = new Set<'row' | 'rows' | 'edit'>();

  check(what: 'row' | 'rows' | 'edit'): void {
    if (this.broken.has(what)) {
      throw new ApiError({ error: 'x', message: `No ${what}.`, hint: '' });
    }
  }

  state(id: string): DatasetState {
    const { name, path } = this.opened[Number(id.slice(1))] ?? {};
    return {
      id,
      name: name ?? path ?? '',
      path: path ?? '',
      state: this.reading-- > 0 ? 'reading' : 'ready',
      error: null,
      rows: this.prompts.length,
      bad: this.bad,
      bad_rows: [],
      done: 1,
      size: 1,
      remark: '',
      encoding: 'utf-8',
      columns: ['prompt', ...Object.keys(this.others)],
      chosen: { prompt: 'prompt', target: null, source: null, template: null },
      split: null,
      header: null,
      sources: [],
      edited: this.edits.length > 0,
      revision: this.edits.length
    };
  }

  readonly client: DatasetsClient = {
    datasets: async () => {
      this.asked.push('list');
      if (this.failure) {
        throw this.failure;
      }
      return [
        { name: 'sample_prompts', kind: 'samples', needs_service: false },
        { name: 'other', kind: 'class', needs_service: true }
      ];
    },
    openDataset: async opening => {
      this.asked.push(`open ${opening.name ?? opening.path}`);
      this.opened.push(opening);
      return this.state(`d${this.opened.length - 1}`);
    },
    dataset: async id => {
      this.asked.push(`state ${id}`);
      if (this.gone) {
        throw new ApiError(
          { error: 'unknown_dataset', message: 'gone', hint: '' },
          404
        );
      }
      return this.state(id);
    },
    closeDataset: async id => {
      this.asked.push(`close ${id}`);
    },
    datasetRows: async (id, { search = '', offset = 0, find }) => {
      this.asked.push(`rows ${search}`);
      this.check('rows');
      const found = this.prompts
        .map((prompt, i) => ({ prompt, id: i + 1 }))
        .filter(({ prompt }) => prompt.includes(search));
      return {
        rows: found.slice(offset, offset + 100).map(row => ({
          ...row,
          line: row.id,
          length: row.prompt.length,
          source: '',
          has_target: false
        })),
        total: found.length,
        at: found.findIndex(row => row.id === find),
        revision: 0
      };
    },
    datasetRow: async (id, row) => {
      this.check('row');
      return {
        id: row,
        line: row,
        prompt: this.prompts[row - 1],
        turns: this.turns,
        target: 'T',
        source: 'gigaword',
        others: this.others
      };
    },
    editDataset: async (id, edit) => {
      this.check('edit');
      this.edits.push(edit);
      if (edit.kind === 'add') {
        this.prompts.push(edit.prompt);
      }
      return { row: this.prompts.length, dataset: this.state(id) };
    },
    saveDataset: async (id, path, overwrite, discard) => {
      if (!overwrite) {
        throw new ApiError(
          { error: 'file_exists', message: 'It is there.', hint: 'Replace.' },
          409
        );
      }
      if (this.changedOnDisk && !discard) {
        throw new ApiError(
          { error: 'file_changed', message: 'It changed.', hint: 'Replace.' },
          409
        );
      }
      return { ...this.state(id), path, edited: false };
    }
  };
}
