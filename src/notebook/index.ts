import { notebookPlugin } from './plugin';

export default [notebookPlugin];
export { CommandIDs } from './plugin';
