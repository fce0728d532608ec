import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import type { FoundModel } from '../api';
import { Problem } from '../components/notices';
import type { IProblem } from '../session/problem';
import { describeFault, describeFound } from './labels';
import type { ModelsModel } from './model';

/** Models of other programs on this machine: one click loads them from where they are. */
export function OnThisMachine(props: {
  models: ModelsModel;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { models, trans } = props;
  const { found } = models.service;
  const usable = found.filter(one => one.fault === '');
  const others = found.filter(one => one.fault !== '');
  if (found.length === 0) {
    return null;
  }
  return (
    <div className="lit-managed-add">
      <h4>{trans.__('On this machine')}</h4>
      {usable.length > 0 && (
        <ul aria-label={trans.__('Models on this machine')}>
          {usable.map(one => (
            <Usable key={keyOf(one)} {...props} found={one} />
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <details className="lit-managed-unusable">
          <summary>
            {trans._n(
              '%1 model that can’t be used',
              '%1 models that can’t be used',
              others.length
            )}
          </summary>
          <ul aria-label={trans.__('Models that can’t be used')}>
            {others.map(one => (
              <li key={keyOf(one)} className="lit-managed-known">
                <span className="lit-managed-title" title={one.path}>
                  {one.title}
                </span>
                <span className="lit-managed-about">
                  {describeFault(one, trans).join(' · ')}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

/** Two names may belong to one file. */
function keyOf(found: FoundModel): string {
  return `${found.path} ${found.title}`;
}

function Usable(props: {
  found: FoundModel;
  models: ModelsModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { found, models, trans } = props;
  const [problem, setProblem] = useState<IProblem | null>(null);
  const [isAdding, setAdding] = useState(false);
  const load = async () => {
    const name = models.free(found.name);
    setAdding(true);
    const refused = await models.add(name, found.path);
    setAdding(false);
    setProblem(refused);
    if (!refused) {
      await models.load(name);
    }
  };
  return (
    <li className="lit-managed-known">
      <span className="lit-managed-title" title={found.path}>
        {found.title}
      </span>
      <button
        type="button"
        className="lit-button"
        aria-label={trans.__('Load %1', found.title)}
        disabled={isAdding}
        onClick={() => void load()}
      >
        {trans.__('Load')}
      </button>
      <span className="lit-managed-about">
        {describeFound(found, trans).join(' · ')}
      </span>
      {problem && <Problem problem={problem} />}
    </li>
  );
}
