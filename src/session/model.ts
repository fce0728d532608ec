import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

/** An object that can be disposed of. Disposing disconnects its signals. */
export abstract class Disposable implements IDisposable {
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this.release();
      Signal.clearData(this);
    }
  }

  /** Release the object's resources. `dispose` calls this once. */
  protected release(): void {
    // By default there is nothing to release.
  }

  private _isDisposed = false;
}

/** State that views show. They redraw when `changed` is emitted. */
export abstract class Model extends Disposable {
  /** Emitted when any part of this object's state may have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  protected readonly _changed = new Signal<this, void>(this);
}
