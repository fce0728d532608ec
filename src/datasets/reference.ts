import type { DatasetColumns, DatasetOpening } from '../api';

/** How to find the prompts in a plain text file. */
export type Split = NonNullable<DatasetOpening['split']>;

/** What opens a dataset: its name, or its file's path. */
export interface IReference {
  readonly name?: string;
  readonly path?: string;
  /** Undefined: the server guesses them. */
  readonly columns?: DatasetColumns;
  readonly split?: Split;
}

/** The name that the interface shows. */
export function nameOf({ name, path = '' }: IReference): string {
  return name ?? path.slice(path.lastIndexOf('/') + 1);
}

/** The request that opens the dataset. */
export function openingOf(reference: IReference): DatasetOpening {
  const { name, path, columns, split = 'lines' } = reference;
  return path === undefined
    ? { name, columns, split }
    : { path, columns, split };
}
