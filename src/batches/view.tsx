import React, { useEffect, useId, useRef, useState } from 'react';

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
  const { name, key } = form.rows ?? {};
  const side = useRef<HTMLDivElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const list = useRef<HTMLHeadingElement>(null);
  // Where the focus goes when what had it is gone.
  const [goal, setGoal] = useState<'title' | 'list' | null>(null);
  // Until there is something to show, the form is what matters.
  const [isOpen, setOpen] = useState(true);
  useEffect(() => {
    if (shown) {
      setOpen(false);
    }
  }, [shown?.id]);
  useEffect(() => setOpen(true), [key]);
  useEffect(() => {
    if (goal) {
      setGoal(null);
      const { activeElement } = document;
      // Not from where the user has gone meanwhile.
      if (
        activeElement === document.body ||
        side.current?.contains(activeElement)
      ) {
        (goal === 'title' ? title : list).current?.focus();
      }
    }
  }, [goal]);
  return (
    <div className="lit-batches-content">
      <div className="lit-batches-side" ref={side}>
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
          {isOpen && <FormView {...props} onStarted={() => setGoal('title')} />}
        </section>
        {!shown && model.problem && (
          <Problem
            problem={model.problem}
            remedies={{
              retry: model.isUnlisted ? () => void model.load() : undefined
            }}
            onDismiss={() => model.dismiss()}
          />
        )}
        <section aria-label={trans.__('Batches')}>
          <h3 ref={list} tabIndex={-1}>
            {trans.__('Batches')}
          </h3>
          <BatchList model={model} />
        </section>
      </div>
      <div className="lit-batches-main">
        {shown ? (
          <Shown
            key={shown.id}
            {...props}
            batch={shown}
            title={title}
            onDeleted={() => setGoal('list')}
          />
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
function Shown(
  props: IBatchesView & {
    batch: BatchInfo;
    /** Of its heading. */
    title: React.RefObject<HTMLHeadingElement>;
    onDeleted: () => void;
  }
): JSX.Element {
  const { trans } = usePanel();
  const { form, model, batch } = props;
  const [tab, setTab] = useState<Tab>('rows');
  const id = useId();
  const { panel, tab: label } = tabIds(id, tab);
  return (
    <section aria-label={trans.__('Batch')}>
      <h3 className="lit-batch-title" ref={props.title} tabIndex={-1}>
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
