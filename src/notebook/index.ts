import { notebookPlugin } from './plugin';

export default [notebookPlugin];
