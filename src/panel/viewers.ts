/** The panels of one session. The session is active while any of them is visible. */
export class Viewers {
  constructor(watch: (isVisible: boolean) => void) {
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
  }

  private readonly _watch: (isVisible: boolean) => void;
  private readonly _visible = new Set<object>();
}
