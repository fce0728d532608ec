import React from 'react';

import { Checkbox } from '../components/checkbox';
import { Choice } from '../components/choice';
import { usePanel } from '../components/context';
import { NumberField } from '../components/numberfield';
import { ChecksEditor } from './checkseditor';
import type { BatchForm } from './form';
import type { BatchesModel } from './model';
import type { IRowsToRun } from './rows';
import { TemplateField } from './templatefield';

/** The most rows that "the first" may be. */
const MAX_FIRST = 1_000_000;

/** The form that starts batches. */
export function FormView(props: {
  form: BatchForm;
  model: BatchesModel;
  /** Batches were started, and the first is shown. */
  onStarted: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { form, model, onStarted } = props;
  const { rows, fault } = form;
  if (!rows) {
    return (
      <p className="lit-hint">
        {trans.__(
          'To run rows, open a dataset in the side panel, and choose Run over all rows… there.'
        )}
      </p>
    );
  }
  const start = async () => {
    const request = form.request();
    if (request && !model.isDoing('start')) {
      form.keepModel();
      if (await model.start(request)) {
        onStarted();
      }
    }
  };
  const { choices, count, batches } = form;
  return (
    <form
      className="lit-options lit-batch-form"
      aria-label={trans.__('New batch')}
      onSubmit={event => {
        event.preventDefault();
        void start();
      }}
    >
      <PromptFields form={form} rows={rows} />
      <ModelFields form={form} />
      <RowFields form={form} rows={rows} />
      <fieldset>
        <legend>{trans.__('Compute')}</legend>
        <p className="lit-hint">{trans.__('Answers, and for each of them:')}</p>
        <Checkbox
          label={trans.__('Shares: a gradient, which is quick')}
          checked={choices.shares}
          onChange={shares => form.change({ shares })}
        />
        <Checkbox
          label={trans.__('Effects: each part is left out in turn')}
          checked={choices.effects}
          onChange={effects => form.change({ effects })}
        />
        <NumberField
          label={trans.__('Longest answer, in tokens')}
          min={1}
          max={form.limit}
          value={form.maxNewTokens}
          onChange={maxNewTokens => form.change({ maxNewTokens })}
        />
        <p className="lit-hint">
          {trans.__(
            'Sampling and chat format are those of the panel’s options.'
          )}
        </p>
      </fieldset>
      <ChecksEditor form={form} />
      <div className="lit-batch-start">
        <button
          type="submit"
          className="lit-button lit-primary"
          disabled={fault !== '' || model.isDoing('start')}
        >
          {trans._n('Run %1 row', 'Run %1 rows', count)}
        </button>
        <span className="lit-hint" aria-live="polite">
          {fault ||
            (batches > 1
              ? trans.__('%1 batches, to be compared', batches)
              : '')}
        </span>
      </div>
    </form>
  );
}

function PromptFields(props: {
  form: BatchForm;
  rows: IRowsToRun;
}): JSX.Element {
  const { trans } = usePanel();
  const { form, rows } = props;
  const { prompts, template, second } = form.choices;
  const { prompt, target } = rows.chosen;
  return (
    <fieldset>
      <legend>{trans.__('Prompt')}</legend>
      <Choice
        label={trans.__('Where prompts come from')}
        value={prompts}
        options={[
          {
            value: 'own',
            name:
              prompt === null
                ? trans.__('The dataset’s prompts')
                : trans.__('Column “%1”', prompt)
          },
          { value: 'template', name: trans.__('Template') }
        ]}
        onChange={value => form.change({ prompts: value })}
      />
      {prompts === 'own' ? (
        <p className="lit-hint">
          {trans.__(
            'With a template, you also see what each part of it does over all rows.'
          )}
        </p>
      ) : (
        <>
          <TemplateField
            label={
              second === null
                ? trans.__('Template')
                : trans.__('Template, version 1')
            }
            columns={rows.columns}
            value={template}
            onChange={value => form.change({ template: value })}
          />
          {second !== null && (
            <TemplateField
              label={trans.__('Template, version 2')}
              columns={rows.columns}
              value={second}
              onChange={value => form.change({ second: value })}
            />
          )}
          <button
            type="button"
            className="lit-link"
            onClick={() =>
              form.change({ second: second === null ? template : null })
            }
          >
            {second === null
              ? trans.__('Compare with a second version')
              : trans.__('Remove the second version')}
          </button>
        </>
      )}
      <p className="lit-hint">
        {target === null
          ? trans.__('The dataset has no column of targets.')
          : trans.__('Targets: column “%1”', target)}
      </p>
    </fieldset>
  );
}

function ModelFields({ form }: { form: BatchForm }): JSX.Element {
  const { trans } = usePanel();
  const { models, model, other } = form;
  return (
    <fieldset>
      <legend>{trans.__('Model')}</legend>
      <label>
        <span>{trans.__('Model')}</span>
        <select
          value={model ?? ''}
          onChange={event => form.change({ model: event.target.value })}
        >
          {models.map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {models.length > 1 && (
        <label>
          <span>{trans.__('Compare with')}</span>
          <select
            value={other ?? ''}
            onChange={event =>
              form.change({ other: event.target.value || null })
            }
          >
            <option value="">{trans.__('no other model')}</option>
            {models
              .filter(name => name !== model)
              .map(name => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
          </select>
        </label>
      )}
    </fieldset>
  );
}

function RowFields(props: { form: BatchForm; rows: IRowsToRun }): JSX.Element {
  const { trans } = usePanel();
  const { form, rows } = props;
  const { search } = rows;
  const { which } = form;
  const words = search?.words.trim() || search?.source || '';
  return (
    <fieldset>
      <legend>{trans.__('Rows')}</legend>
      <Choice
        label={trans.__('Which rows')}
        value={which}
        options={[
          {
            value: 'all',
            name: rows.isRead
              ? trans.__('All %1', rows.rows.toLocaleString())
              : trans.__('All')
          },
          ...(search
            ? [
                {
                  value: 'found' as const,
                  name: trans.__('Found: %1', search.found.toLocaleString()),
                  title: trans.__('Those that the search “%1” finds', words)
                }
              ]
            : []),
          { value: 'first', name: trans.__('The first') }
        ]}
        onChange={value => form.change({ which: value })}
      />
      {which === 'first' && (
        <NumberField
          label={trans.__('Number of rows')}
          min={1}
          max={MAX_FIRST}
          value={form.choices.first}
          onChange={first => form.change({ first })}
        />
      )}
      {which === 'found' && (
        <p className="lit-hint">
          {trans.__('Those that the search “%1” finds', words)}
        </p>
      )}
    </fieldset>
  );
}
