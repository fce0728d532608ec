/** Two runs side by side. */
export { CompareHints } from './hints';
export { CompareLauncher } from './launcher';
export { CompareTool, CompareWith } from './rows';
export { CompareCommands, setUpCompare } from './wiring';
