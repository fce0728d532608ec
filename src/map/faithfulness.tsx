import React, { useEffect } from 'react';

import { usePanel } from '../components/context';
import { Offer } from '../components/progress';
import { agreement } from '../salience';
import type { Computation } from '../session/computation';
import type { ITest } from '../session/demand';
import { aboutNats } from '../session/labels';
import type { IShownMap } from '../session/map';
import type { Session } from '../session/session';
import { methodWords } from './methods';
import { Plot, PlotLegend } from './plot';
import {
  agreementWords,
  lengthWords,
  stabilityWords,
  verdictOf
} from './verdict';

/** A test on demand of whether the shown map is faithful. */
export function Faithfulness(props: {
  session: Session;
  map: IShownMap;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { session, map } = props;
  const { test } = session.explanation;
  useEffect(() => {
    void test?.offer(false);
  }, [test]);
  if (!test) {
    return null;
  }
  return (
    <div className="lit-faithfulness">
      <h3>{trans.__('Is this map faithful?')}</h3>
      {test.phase === 'offered' && (
        <p className="lit-hint">
          {trans.__(
            'A good map ranks the parts that matter most first. The test removes parts in the map’s order, then adds them in that order, and compares both with random orders.'
          )}
        </p>
      )}
      <Offer
        computation={test}
        start={trans.__('Test this map')}
        what={trans.__('Testing the map')}
        onRestart={() => void session.service.restart()}
      />
      <Result test={test} />
      <Agreement map={map} maps={session.explanation.maps} />
    </div>
  );
}

/** The test's results so far. */
function Result({ test }: { test: Computation<ITest> }): JSX.Element | null {
  const { trans } = usePanel();
  const { curves, numbers } = test.result;
  if (curves.length === 0) {
    return null;
  }
  const verdict = numbers && verdictOf(numbers, curves, trans);
  const length = numbers && lengthWords(numbers, trans);
  return (
    <div className="lit-result">
      {verdict && (
        <p className="lit-verdict" data-level={verdict.level}>
          {verdict.words}{' '}
          <span className="lit-verdict-numbers" title={aboutNats(trans)}>
            {verdict.numbers}
          </span>
        </p>
      )}
      <div className="lit-plots">
        <Plot kind="deletion" curves={curves} />
        <Plot kind="insertion" curves={curves} />
      </div>
      <PlotLegend curves={curves} />
      <p className="lit-hint lit-plots-note">
        {trans.__(
          'Vertical axis: the natural logarithm of the target’s probability. Higher means more likely.'
        )}
      </p>
      {length && <p>{length}</p>}
      {numbers && numbers.stability !== null && (
        <p>{stabilityWords(numbers.stability, trans)}</p>
      )}
    </div>
  );
}

/** How much the target's maps by other methods agree with this one. */
function Agreement(props: {
  map: IShownMap;
  maps: readonly IShownMap[];
}): JSX.Element | null {
  const { trans } = usePanel();
  const { map, maps } = props;
  const words = methodWords(trans);
  const others = maps.flatMap(other => {
    if (other.method === map.method) {
      return [];
    }
    const bySize = !map.isSigned || !other.isSigned;
    const value = agreement(map, other, bySize);
    return value === null ? [] : [{ method: other.method, value }];
  });
  if (others.length === 0) {
    return null;
  }
  const title = trans.__('Other maps of this target');
  return (
    <div className="lit-agreement">
      <h4
        title={trans.__(
          'Spearman’s rank correlation over the segments. If a method has no signs, scores are compared by size.'
        )}
      >
        {title}
      </h4>
      <ul aria-label={title}>
        {others.map(({ method, value }) => (
          <li key={method}>
            <span>{words[method].name}</span>
            <span>{agreementWords(value, trans)}</span>
            <span className="lit-agreement-value">
              {value.toFixed(2).replace('-', '−')}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
