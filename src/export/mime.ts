/** The MIME type of a notebook's output with a run. */
export const MIME_TYPE = 'application/vnd.lit-lab.run+json';
