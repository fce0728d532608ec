/** The side panel. */
export { CommandIDs, panelPlugin } from './plugin';
