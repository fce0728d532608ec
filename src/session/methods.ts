/** Properties of the methods. Their names and descriptions are in `map/methods.ts`. */
import type { AblationMethod, GradientMethod, Method } from '../api';

/** Any method that computes a map. */
export type MapMethod = Method | AblationMethod;

/** How a method computes its scores. */
export interface IMethod {
  /**
   * `gradient`: by how the target's loss reacts to each token; `attention`: by what the
   * model's attention reads; `ablation`: by removing segments. The interface calls only the
   * first a gradient.
   */
  readonly kind: 'gradient' | 'attention' | 'ablation';
  /** Whether its scores distinguish for from against. */
  readonly isSigned: boolean;
  /**
   * The factor that makes scores for the target positive. Scores of the loss, such
   * as LIT's, have the opposite sign: what raises the loss is against the target.
   */
  readonly turn: 1 | -1;
  /** Whether it computes maps of all sentences as soon as an answer is complete. */
  readonly isAutomatic: boolean;
  /** Whether the scores of tokens add up, so that a segment's score is their sum rather than that of their squares. */
  readonly addsUp: boolean;
  /** Whether it can explain a contrastive target. */
  readonly isContrastive: boolean;
}

const GRADIENT = {
  kind: 'gradient',
  isAutomatic: true,
  addsUp: false,
  isContrastive: true
} as const;

const ABLATION = {
  kind: 'ablation',
  isSigned: true,
  turn: 1,
  isAutomatic: false,
  addsUp: false,
  isContrastive: true
} as const;

/** All methods, LIT's default first; methods that score tokens before the others. */
export const METHODS: Readonly<Record<MapMethod, IMethod>> = {
  grad_l2: { ...GRADIENT, isSigned: false, turn: 1 },
  grad_dot_input: { ...GRADIENT, isSigned: true, turn: -1 },
  integrated_gradients: {
    ...GRADIENT,
    isSigned: true,
    turn: -1,
    isAutomatic: false,
    addsUp: true
  },
  flow: {
    kind: 'attention',
    isSigned: false,
    turn: 1,
    isAutomatic: false,
    addsUp: true,
    isContrastive: false
  },
  leave_one_out: ABLATION,
  lime: ABLATION,
  shap: ABLATION
};

/** Their names, in that order. */
export const METHOD_NAMES = Object.keys(METHODS) as readonly MapMethod[];

/** Whether a method scores tokens, not segments. */
export function scoresTokens(method: MapMethod): method is Method {
  return METHODS[method].kind !== 'ablation';
}

/** Whether a method scores tokens by gradients. */
export function isGradient(method: MapMethod): method is GradientMethod {
  return METHODS[method].kind === 'gradient';
}

/** The methods that compute maps of all sentences without a request. */
export const AUTOMATIC = METHOD_NAMES.filter(
  (method): method is Method =>
    scoresTokens(method) && METHODS[method].isAutomatic
);
