import React, { useEffect, useId, useState } from 'react';

import type { BatchInfo } from '../api';
import { Disclosure } from '../components/disclosure';
import { usePanel } from '../components/context';
import { useRedraw } from '../components/redraw';
import { Problem } from '../components/notices';
import { tabIds, Tabs } from '../components/tabs';
import type { BatchForm } from './form';
import { FormView } from './formview';
import { BatchList } from './list';
import type { BatchesModel } from './model';
import { PartsView } from './partsview';
import { Checks, Progress } from './progress';
import { TableView } from './tableview';
import { describePrompts } from './words';

/** The views of a batch. */
type Tab = 'rows' | 'parts';

/** What the view needs beside its models. */
export interface IBatchesView {
  readonly form: BatchForm;
  readonly model: BatchesModel;
  /** Open a row of a batch as a run in the panel. */
  readonly onOpen: (batch: BatchInfo, row: number) => void;
  /** Restart the model service. */
  readonly onRestart: () => void;
}

/** Batches over the rows of datasets: a form, earlier ones, and the shown one. */
export function BatchesView(props: IBatchesView): JSX.Element {
  const { trans } = usePanel();
  const { form, model } = props;
  useRedraw(form);
  useRedraw(model);
  const { shown } = model;
  const name = form.rows?.name;
  // Until there is something to show, the form is what matters.
  const [isOpen, setOpen] = useState(true);
  useEffect(() => {
    if (shown) {
      setOpen(false);
    }
  }, [shown?.id]);
  useEffect(() => setOpen(true), [name]);
  return (
    <div className="lit-batches-content">
      <div className="lit-batches-side">
        <section aria-label={trans.__('New batch')}>
          <h3>
            <Disclosure
              className="lit-batch-disclosure"
              isOpen={isOpen}
              onToggle={() => setOpen(!isOpen)}
            >
              {name === undefined
                ? trans.__('New batch')
                : trans.__('New batch over %1', name)}
            </Disclosure>
          </h3>
          {isOpen && <FormView {...props} />}
        </section>
        {!shown && model.problem && (
          <Problem
            problem={model.problem}
            remedies={{ retry: () => void model.load() }}
            onDismiss={() => model.dismiss()}
          />
        )}
        <section aria-label={trans.__('Batches')}>
          <h3>{trans.__('Batches')}</h3>
          <BatchList model={model} />
        </section>
      </div>
      <div className="lit-batches-main">
        {shown ? (
          <Shown key={shown.id} {...props} batch={shown} />
        ) : (
          <p className="lit-hint lit-batches-empty">
            {trans.__(
              'The rows of a batch are shown here while they are computed: each answer beside its target, with its checks, and what matters over all rows.'
            )}
          </p>
        )}
      </div>
    </div>
  );
}

/** A batch. */
function Shown(props: IBatchesView & { batch: BatchInfo }): JSX.Element {
  const { trans } = usePanel();
  const { form, model, batch } = props;
  const [tab, setTab] = useState<Tab>('rows');
  const id = useId();
  const { panel, tab: label } = tabIds(id, tab);
  return (
    <section aria-label={trans.__('Batch')}>
      <h3 className="lit-batch-title">
        <bdi>{batch.name}</bdi> · <bdi>{batch.model}</bdi>
      </h3>
      <p className="lit-batch-prompts" title={batch.template || undefined}>
        <bdi>{describePrompts(batch, trans)}</bdi>
      </p>
      <Progress {...props} mayRun={form.mayRun} />
      <Checks batch={batch} other={model.other} />
      <Tabs<Tab>
        id={id}
        label={trans.__('Views of the batch')}
        value={tab}
        tabs={[
          { value: 'rows', name: trans.__('Rows') },
          { value: 'parts', name: trans.__('What matters over rows') }
        ]}
        onChange={setTab}
      />
      <div
        id={panel}
        className="lit-batch-panel"
        role="tabpanel"
        aria-labelledby={label}
      >
        {tab === 'rows' ? (
          <TableView {...props} />
        ) : (
          <PartsView {...props} mayRun={form.mayRun} />
        )}
      </div>
    </section>
  );
}
