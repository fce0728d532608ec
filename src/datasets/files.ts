/** Ends of the names of files that can be read as prompts. */
const DATASET = /\.(jsonl|ndjson|csv|tsv|txt|parquet)$/i;

/** Whether a file's name is one of a file of prompts. */
export function isDatasetPath(path: string): boolean {
  return DATASET.test(path);
}
