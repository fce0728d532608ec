import { Model } from '../session/model';

/** The panels over one session: it is watched while any of them is visible. */
export class Viewers extends Model {
  constructor(watch: (isVisible: boolean) => void) {
    super();
    this._watch = watch;
  }

  /** Report whether a panel is visible. */
  report(viewer: object, isVisible: boolean): void {
    if (isVisible) {
      this._visible.add(viewer);
    } else {
      this._visible.delete(viewer);
    }
    this._watch(this._visible.size > 0);
    this._changed.emit();
  }

  /** Whether a panel announces what changes: of several that are visible one does, so that nothing is said twice. */
  speaks(viewer: object): boolean {
    const [first = viewer] = this._visible;
    return first === viewer;
  }

  private readonly _watch: (isVisible: boolean) => void;
  private readonly _visible = new Set<object>();
}
