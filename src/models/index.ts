export { ModelsModel } from './model';
export { ModelsView } from './view';
