/** The type of a notebook's output that holds a run. */
export const MIME_TYPE = 'application/vnd.lit-lab.run+json';
