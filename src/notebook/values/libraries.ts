/** The table of libraries that make prompts: their classes and methods. */
import type { Role } from '../../api';
import type { IWriting } from '../strings/library';
import type { Value } from './value';

/** What calling a name of a library makes. */
export interface IMaker {
  readonly makes:
    | 'template'
    | 'texts'
    | 'chat'
    | 'message'
    | 'placeholder'
    | 'environment'
    | 'chain'
    | 'passthrough'
    | 'parallel'
    | 'role'
    | 'item';
  /** How its text is written; left out: as it is. */
  readonly writing?: IWriting;
  /** Keywords of its text, and whether it is the first argument, too. */
  readonly text?: readonly string[];
  readonly isFirst?: boolean;
  /** The role of its message. */
  readonly role?: Role;
}

/** A method that fills a template in. */
export interface IFills {
  /**
   * What it is given: keywords, mappings and keywords, one input, or several; or
   * keywords beside another template and a mapping, as Haystack has it.
   */
  readonly takes: 'keywords' | 'mappings' | 'input' | 'inputs' | 'variables';
  /** What it gives: the text, another template, or something else. */
  readonly gives: 'text' | 'template' | 'other';
  /** Whether it leaves placeholders without a value as they are. */
  readonly isSafe?: boolean;
}

/** A library. */
export interface ILibrary {
  /** Its packages. */
  readonly packages: RegExp;
  readonly makers: Readonly<Record<string, IMaker>>;
  readonly methods: Readonly<Record<string, IFills>>;
  /** Methods that make a template of a text, or a conversation of a list. */
  readonly texts: readonly string[];
  readonly lists: readonly string[];
}

const BRACES: IWriting = { syntax: 'format' };
const JINJA: IWriting = { syntax: 'jinja' };

const said = (role: Role): IMaker => ({
  makes: 'message',
  role,
  text: ['content'],
  isFirst: true
});

const template = (role: Role): IMaker => ({
  makes: 'template',
  role,
  writing: BRACES,
  text: ['prompt', 'template']
});

const words = <T>(names: string, value: T): Record<string, T> =>
  Object.fromEntries(names.split(' ').map(name => [name, value]));

/** Methods of LangChain's templates and chains that take one input. */
const INPUT: Record<string, IFills> = {
  ...words('invoke ainvoke stream astream', {
    takes: 'input',
    gives: 'other'
  }),
  ...words('batch abatch', { takes: 'inputs', gives: 'other' })
};

/** The libraries, by the names of their families. */
export const LIBRARIES: Readonly<Record<string, ILibrary>> = {
  langchain: {
    packages: /^langchain(_core|_classic|_community)?$/,
    makers: {
      PromptTemplate: {
        makes: 'template',
        writing: BRACES,
        text: ['template']
      },
      ChatPromptTemplate: { makes: 'chat', writing: BRACES },
      SystemMessagePromptTemplate: template('system'),
      HumanMessagePromptTemplate: template('user'),
      AIMessagePromptTemplate: template('model'),
      SystemMessage: said('system'),
      HumanMessage: said('user'),
      AIMessage: said('model'),
      FewShotPromptTemplate: {
        makes: 'texts',
        writing: BRACES,
        text: ['prefix', 'suffix']
      },
      MessagesPlaceholder: { makes: 'placeholder' },
      LLMChain: { makes: 'chain' },
      RunnablePassthrough: { makes: 'passthrough' },
      RunnableParallel: { makes: 'parallel' },
      RunnableMap: { makes: 'parallel' }
    },
    methods: {
      ...INPUT,
      ...words('format aformat', { takes: 'keywords', gives: 'text' }),
      ...words(
        'format_prompt aformat_prompt format_messages aformat_messages',
        { takes: 'keywords', gives: 'other' }
      ),
      partial: { takes: 'keywords', gives: 'template' }
    },
    texts: ['from_template'],
    lists: ['from_messages']
  },
  llama_index: {
    packages: /^llama_index$/,
    makers: {
      ...words('PromptTemplate Prompt', {
        makes: 'template',
        writing: { syntax: 'braces' },
        text: ['template'],
        isFirst: true
      }),
      RichPromptTemplate: {
        makes: 'template',
        writing: JINJA,
        text: ['template_str'],
        isFirst: true
      },
      ChatPromptTemplate: { makes: 'chat', writing: { syntax: 'braces' } },
      ChatMessage: { makes: 'message', text: ['content'] },
      MessageRole: { makes: 'role' }
    },
    methods: {
      format: { takes: 'keywords', gives: 'other' },
      format_messages: { takes: 'keywords', gives: 'other' },
      partial_format: { takes: 'keywords', gives: 'template' }
    },
    texts: [],
    lists: ['from_messages']
  },
  jinja2: {
    packages: /^jinja2$/,
    makers: {
      Template: {
        makes: 'template',
        writing: JINJA,
        text: ['source'],
        isFirst: true
      },
      ...words(
        'Environment SandboxedEnvironment ImmutableSandboxedEnvironment',
        { makes: 'environment', writing: JINJA }
      )
    },
    methods: {
      render: { takes: 'mappings', gives: 'text' },
      ...words('render_async generate stream', {
        takes: 'mappings',
        gives: 'other'
      })
    },
    texts: ['from_string'],
    lists: []
  },
  string: {
    packages: /^string$/,
    makers: {
      Template: {
        makes: 'template',
        writing: { syntax: 'dollar' },
        text: ['template'],
        isFirst: true
      }
    },
    methods: {
      substitute: { takes: 'mappings', gives: 'text' },
      safe_substitute: { takes: 'mappings', gives: 'text', isSafe: true }
    },
    texts: [],
    lists: []
  },
  haystack: {
    packages: /^haystack$/,
    makers: {
      PromptBuilder: {
        makes: 'template',
        writing: JINJA,
        text: ['template'],
        isFirst: true
      }
    },
    methods: { run: { takes: 'variables', gives: 'other' } },
    texts: [],
    lists: []
  },
  operator: {
    packages: /^operator$/,
    makers: { itemgetter: { makes: 'item' } },
    methods: {},
    texts: [],
    lists: []
  }
};

/** Methods that leave a template as it is. */
export const HARMLESS_METHODS =
  /^(pretty_print|pretty_repr|save|dict|json|model_dump|model_dump_json|get_input_schema|get_identifiers|is_valid|get_template|get_template_vars)$/;

/** The families that a name is taken to be of where nothing says where it comes from. */
const ALONE: ReadonlyMap<string, string> = new Map([
  ...['langchain', 'llama_index', 'haystack']
    .reverse()
    .flatMap(family =>
      Object.keys(LIBRARIES[family].makers).map(name => [name, family] as const)
    ),
  ['Template', '']
]);

/** Packages that hold other things than modules under small names. */
const SMALL = /^(string|operator)$/;

/** Whether a method of that name leaves a template as it is. */
export function isTemplateMethod(name: string): boolean {
  return Object.values(LIBRARIES).some(({ methods }) =>
    Object.hasOwn(methods, name)
  );
}

/** What the name at the end of a path of modules is; null where it isn't known. */
export function memberOf(path: string): Value | null {
  const [root] = path.split('.', 1);
  const name = path.slice(path.lastIndexOf('.') + 1);
  for (const [family, { packages, makers }] of Object.entries(LIBRARIES)) {
    if (packages.test(root)) {
      return Object.hasOwn(makers, name)
        ? { type: 'library', family, name }
        : /^[a-z_\d]+$/.test(name) && !SMALL.test(root)
          ? { type: 'module', name: path }
          : null;
    }
  }
  return null;
}

/** What a module is; null for those that aren't known. */
export function moduleOf(path: string): Value | null {
  const [root] = path.split('.', 1);
  const isKnown = Object.values(LIBRARIES).some(({ packages }) =>
    packages.test(root)
  );
  return isKnown ? { type: 'module', name: path } : null;
}

/** The meaning of a name that has no value in the notebook. */
export function nameAlone(name: string): Value | null {
  const family = ALONE.get(name);
  return family === undefined || name === 'Prompt'
    ? null
    : { type: 'library', family, name };
}
