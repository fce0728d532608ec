/** Conversation templates of libraries, such as LangChain's `ChatPromptTemplate`. */
import { MappedBuilder, plain, sourceSpans } from '../../session/mapped';
import type { IMapped } from '../../session/mapped';
import { joined } from '../strings/conversations';
import type { ISaid } from '../strings/conversations';
import { readTemplate } from '../strings/library';
import type { IFindContext, IFoundField, IFoundText } from '../strings/types';
import type { IRun } from './run';
import type { IChat } from './sightings';
import { placeIn } from './text';
import { stringOf } from './value';
import type { IMessage, ITextValue } from './value';

/** The texts of cell `index`, with the conversations that templates make there. */
export function chatsOf(
  found: readonly IFoundText[],
  run: IRun,
  index: number,
  context: IFindContext
): IFoundText[] {
  const all = [...found];
  const done = new Set<number>();
  for (const chat of run.chats) {
    const { cell, from, to } = chat.extent;
    if (cell !== index || done.has(from)) {
      continue;
    }
    const at = all.findIndex(
      ({ kind, span }) =>
        kind === 'conversation' && span[0] === from && span[1] === to
    );
    const made = conversationOf(chat, all[at] ?? null, index, context);
    if (made === null) {
      continue;
    }
    done.add(from);
    if (at === -1) {
      const before = all.findIndex(
        ({ kind, span }) => kind !== 'conversation' || span[0] > from
      );
      all.splice(before === -1 ? all.length : before, 0, made);
    } else {
      all[at] = made;
    }
  }
  return all;
}

/**
 * A conversation, each turn with its fields; null where it isn't known.
 *
 * @param written - the conversation as it is written, for turns that aren't known.
 */
function conversationOf(
  { messages, extent, variable }: IChat,
  written: IFoundText | null,
  index: number,
  context: IFindContext
): IFoundText | null {
  const puts = messages.flatMap(({ puts: name }) => name ?? []);
  const said = messages
    .filter(message => message.puts === undefined)
    .map(
      (message, at) =>
        turnOf(message, index, context) ?? writtenTurn(message, written, at)
    );
  if (
    said.includes(null) ||
    !said.some(turn => turn?.role === 'user') ||
    (written !== null && written.turns?.length !== messages.length)
  ) {
    return null;
  }
  const text = joined(said as ISaid[]);
  const problems = [
    ...(text.problem ? [text.problem] : []),
    ...puts.map(name =>
      context.trans.__(
        'The messages of “%1” are put in at run time; they are left out here.',
        name
      )
    )
  ];
  return {
    ...text,
    span: [extent.from, extent.to],
    ...((written?.variable ?? variable) && {
      variable: written?.variable ?? variable
    }),
    ...(problems.length > 0 && { problem: problems.join(' ') })
  };
}

/** A turn of a known text. */
function turnOf(
  { role, text, writing }: IMessage,
  index: number,
  context: IFindContext
): ISaid | null {
  const value = text === null ? null : stringOf(text);
  if (text === null || value === null || role === null) {
    return null;
  }
  const own = mapped(text, index);
  if (writing === null) {
    return {
      role,
      text: { kind: 'string', ...own, fields: [], problems: [] }
    };
  }
  const read = readTemplate(own, writing, context);
  // Where the fields stand in the text, to find the cell that each is written in.
  const bare = readTemplate(plain(value, 0), writing, context);
  const fields = read.fields.map((field, at): IFoundField => {
    const [span] = sourceSpans(bare.map, bare.fields[at].value);
    const place = span ? placeIn(text, span[0]) : null;
    return { ...field, ...(place && { place }) };
  });
  return { role, text: { ...read, kind: 'template', fields } };
}

/** The turn as it is written in the cell. */
function writtenTurn(
  { role }: IMessage,
  written: IFoundText | null,
  at: number
): ISaid | null {
  const turn = written?.turns?.[at];
  if (!written || !turn || role === null) {
    return null;
  }
  const [start, end] = turn.value;
  const builder = new MappedBuilder();
  builder.pushSlice(written, start, end);
  const fields = written.fields
    .filter(({ value: [from, to] }) => from >= start && to <= end)
    .map(field => ({
      ...field,
      value: [field.value[0] - start, field.value[1] - start] as const
    }));
  return {
    role,
    text: { kind: 'string', ...builder.build(), fields, problems: [] }
  };
}

/** A text with its map to one cell. */
function mapped(text: ITextValue, index: number): IMapped {
  const builder = new MappedBuilder();
  for (const { text: value, map, cell } of text.pieces) {
    builder.pushSlice(
      { value, map: cell === index ? map : [] },
      0,
      value.length
    );
  }
  return builder.build();
}
