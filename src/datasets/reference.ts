import type { DatasetColumns, DatasetOpening, TextEncoding } from '../api';

/** How to find the prompts in a plain text file. */
export type Split = NonNullable<DatasetOpening['split']>;

/** What opens a dataset: its name, or its file's path. */
export interface IReference {
  readonly name?: string;
  readonly path?: string;
  /** Undefined: the server guesses them. */
  readonly columns?: DatasetColumns;
  readonly split?: Split;
  /** Whether a table's first line names the columns. Undefined: the server guesses it. */
  readonly header?: boolean;
  /** Undefined: the server guesses it. */
  readonly encoding?: TextEncoding;
  /** Columns that the user chose for fields of prompts, by the fields' names; '': none. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** The name that the interface shows. */
export function nameOf({ name, path = '' }: IReference): string {
  return name ?? path.slice(path.lastIndexOf('/') + 1);
}

/** The request that opens the dataset. */
export function openingOf(reference: IReference): DatasetOpening {
  const { name, path, columns, split = 'lines', header, encoding } = reference;
  const how = { columns, split, header, encoding };
  return path === undefined ? { name, ...how } : { path, ...how };
}
