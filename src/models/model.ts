import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  ApiClient,
  KaggleLogin,
  KaggleStatus,
  ModelChange,
  Precision
} from '../api';
import { Model } from '../session/model';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';
import type { ServiceModel } from '../session/service';

/** What the manager needs from the client. */
export type ModelsClient = Pick<
  ApiClient,
  'changeModel' | 'kaggle' | 'logInToKaggle' | 'logOutOfKaggle'
>;

/**
 * Changes the models. `ServiceModel` has their list, and requests it now and
 * then.
 */
export class ModelsModel extends Model {
  constructor(
    client: ModelsClient,
    readonly service: ServiceModel,
    trans: TranslationBundle
  ) {
    super();
    this._client = client;
    this._trans = trans;
  }

  /** Where credentials for Kaggle come from; null if unknown. */
  get kaggle(): KaggleStatus | null {
    return this._kaggle;
  }

  /** Whether a request changes the model with this name. */
  isChanging(name: string): boolean {
    return this._changing.has(name);
  }

  /** A name that no model has yet, similar to a given one. */
  free(name: string): string {
    const taken = this.service.models.map(model => model.name);
    let result = name;
    for (let i = 2; taken.includes(result); i++) {
      result = `${name} ${i}`;
    }
    return result;
  }

  /** Why the last change of a model was refused, or null. */
  problem(name: string): IProblem | null {
    return this._problems.get(name) ?? null;
  }

  /**
   * Load a model, or load it with other options: null leaves one as it is, a longest
   * prompt of 0 means as memory allows.
   */
  load(
    name: string,
    precision: Precision | null = null,
    maxLength: number | null = null
  ): Promise<boolean> {
    return this._change({
      kind: 'load',
      name,
      precision,
      max_length: maxLength
    });
  }

  /** Unload a model, which frees its memory. */
  unload(name: string): Promise<boolean> {
    return this._change({ kind: 'unload', name });
  }

  /** Download a model whose terms the user has seen, and load it. */
  download(name: string): Promise<boolean> {
    return this._change({ kind: 'download', name });
  }

  /** Stop a download, or the loading of a model. */
  stop(name: string): Promise<boolean> {
    return this._change({ kind: 'stop', name });
  }

  /** Add a model. Resolves to null, or to why the server refused it. */
  async add(name: string, path: string): Promise<IProblem | null> {
    await this._change({ kind: 'add', name, path });
    const problem = this.problem(name);
    this._problems.delete(name);
    return problem;
  }

  /** Remove a model that was added. */
  remove(name: string): Promise<boolean> {
    return this._change({ kind: 'remove', name });
  }

  /** Load whether there are credentials for Kaggle. */
  async lookForKaggle(): Promise<void> {
    try {
      this._kaggle = await this._client.kaggle();
      this._emit();
    } catch {
      // `ServiceModel` reports that the server is unreachable.
    }
  }

  /** Use credentials. Resolves to null, or to why the server refused them. */
  async logIn(
    login: Partial<KaggleLogin>,
    save: boolean
  ): Promise<IProblem | null> {
    try {
      this._kaggle = await this._client.logInToKaggle(login, save);
      this._emit();
      return null;
    } catch (reason) {
      return problemOf(reason, this._trans);
    }
  }

  /** Forget the credentials that a user entered here. */
  async logOut(): Promise<void> {
    try {
      this._kaggle = await this._client.logOutOfKaggle();
      this._emit();
    } catch {
      await this.lookForKaggle();
    }
  }

  private async _change(change: ModelChange): Promise<boolean> {
    const { name } = change;
    this._changing.add(name);
    this._problems.delete(name);
    this._emit();
    try {
      // This may start the service first: show its progress.
      if (this.service.service?.state !== 'ready') {
        setTimeout(() => void this.service.refresh(), 300);
      }
      this.service.take(await this._client.changeModel(change));
      return true;
    } catch (reason) {
      this._problems.set(name, problemOf(reason, this._trans));
      return false;
    } finally {
      this._changing.delete(name);
      this._emit();
      if (this.service.service?.state !== 'ready') {
        void this.service.refresh();
      }
    }
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _client: ModelsClient;
  private readonly _trans: TranslationBundle;
  private readonly _changing = new Set<string>();
  private readonly _problems = new Map<string, IProblem>();
  private _kaggle: KaggleStatus | null = null;
}
