/** Properties of the methods; their words are in `map/methods.ts`. */
import type { AblationMethod, Method } from '../api';

/** Any method that computes a map. */
export type MapMethod = Method | AblationMethod;

/** How a method computes its scores. */
export interface IMethod {
  /**
   * `gradient`: from how the target's loss reacts to each token; `ablation`:
   * from removing segments. No ablation method is ever called a gradient.
   */
  readonly kind: 'gradient' | 'ablation';
  /** Whether its scores distinguish for from against. */
  readonly isSigned: boolean;
  /**
   * The factor that makes scores for the target positive. Scores of the loss, such
   * as LIT's, have the opposite sign: what raises the loss is against the target.
   */
  readonly turn: 1 | -1;
  /** Whether it computes all sentences as soon as there is an answer. */
  readonly isAutomatic: boolean;
}

/** All methods, LIT's default first; gradient methods before the others. */
export const METHODS: Readonly<Record<MapMethod, IMethod>> = {
  grad_l2: {
    kind: 'gradient',
    isSigned: false,
    turn: 1,
    isAutomatic: true
  },
  grad_dot_input: {
    kind: 'gradient',
    isSigned: true,
    turn: -1,
    isAutomatic: true
  },
  integrated_gradients: {
    kind: 'gradient',
    isSigned: true,
    turn: -1,
    isAutomatic: false
  },
  leave_one_out: {
    kind: 'ablation',
    isSigned: true,
    turn: 1,
    isAutomatic: false
  },
  lime: { kind: 'ablation', isSigned: true, turn: 1, isAutomatic: false },
  shap: { kind: 'ablation', isSigned: true, turn: 1, isAutomatic: false }
};

/** Their names, in that order. */
export const METHOD_NAMES = Object.keys(METHODS) as readonly MapMethod[];

/** Whether a method scores tokens by gradients. */
export function isGradient(method: MapMethod): method is Method {
  return METHODS[method].kind === 'gradient';
}

/** Methods that compute all sentences without a request. */
export const AUTOMATIC = METHOD_NAMES.filter(
  (method): method is Method =>
    isGradient(method) && METHODS[method].isAutomatic
);
