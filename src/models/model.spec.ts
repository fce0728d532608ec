import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import type {
  FoundModel,
  KaggleStatus,
  KnownModel,
  ModelChange,
  ModelsResponse
} from '../api';
import { FakeClient, settle } from '../session/fakes';
import { fakeModel } from '../session/fixtures';
import { remediesOf } from '../session/problem';
import { ServiceModel } from '../session/service';
import {
  describeBytes,
  describeFault,
  describeFit,
  describeFound,
  describeKnown,
  describeModel,
  describeWeights
} from './labels';
import { ModelsModel } from './model';
import { missing, proposal, read } from './path';

const trans = nullTranslator.load('lit_lab');

class Client extends FakeClient {
  changes: ModelChange[] = [];
  refusal: ApiError | null = null;
  source: KaggleStatus['source'] = 'none';

  async changeModel(change: ModelChange): Promise<ModelsResponse> {
    this.changes.push(change);
    if (this.refusal) {
      throw this.refusal;
    }
    return {
      models: [fakeModel({ name: 'other', state: 'downloading' })],
      found: [],
      known: [],
      memory: { device: 'CPU', used: 1, free: 2 }
    };
  }

  async kaggle(): Promise<KaggleStatus> {
    return {
      source: this.source,
      folder: '~/.kaggle',
      fault: '',
      shared: false,
      own: true
    };
  }

  async logInToKaggle(): Promise<KaggleStatus> {
    if (this.refusal) {
      throw this.refusal;
    }
    this.source = 'panel';
    return this.kaggle();
  }

  async logOutOfKaggle(): Promise<KaggleStatus> {
    this.source = 'none';
    return this.kaggle();
  }
}

const refusal = () =>
  new ApiError({ error: 'bad_path', message: 'Nowhere.', hint: 'Look.' }, 422);

describe('models/model', () => {
  let client: Client;
  let service: ServiceModel;
  let models: ModelsModel;

  beforeEach(async () => {
    client = new Client();
    service = new ServiceModel(client, trans);
    models = new ModelsModel(client, service, trans);
    await service.refresh();
  });

  afterEach(() => {
    models.dispose();
    service.dispose();
  });

  it('shows what a change was answered with at once', async () => {
    const loading = models.download('other');
    expect(models.isChanging('other')).toBe(true);
    expect(await loading).toBe(true);
    expect(models.isChanging('other')).toBe(false);
    expect(client.changes).toEqual([{ kind: 'download', name: 'other' }]);
    expect(service.models.map(model => model.name)).toEqual(['other']);
    expect(service.memory?.free).toBe(2);
    // It is asked for each second while a download is under way.
    expect(service.isBusy).toBe(true);
  });

  it('keeps a refusal with its model, until the next change', async () => {
    client.refusal = refusal();
    expect(await models.unload('demo')).toBe(false);
    expect(models.problem('demo')).toMatchObject({
      message: 'Nowhere.',
      hint: 'Look.'
    });
    expect(service.models.map(model => model.name)).toEqual(['demo']);
    client.refusal = null;
    await models.unload('demo');
    expect(models.problem('demo')).toBeNull();
  });

  it('hands a refusal of what is added to the caller', async () => {
    client.refusal = refusal();
    expect((await models.add('x', 'y'))?.message).toBe('Nowhere.');
    expect(models.problem('x')).toBeNull();
  });

  it('logs in and out', async () => {
    await models.lookForKaggle();
    expect(models.kaggle?.source).toBe('none');
    client.refusal = refusal();
    expect((await models.logIn({ token: 't' }, false))?.hint).toBe('Look.');
    expect(models.kaggle?.source).toBe('none');
    client.refusal = null;
    expect(await models.logIn({ token: 't' }, false)).toBeNull();
    expect(models.kaggle?.source).toBe('panel');
    await models.logOut();
    await settle();
    expect(models.kaggle?.source).toBe('none');
  });
});

const NAME = 'tiny';
const TAG = 'llama3.2:1b';

/** A model to begin with, as a running service tells of it. */
const known: KnownModel = {
  name: NAME,
  title: NAME,
  path: NAME,
  parameters: 134_500_000,
  download: 92_900_000,
  site: 'Somewhere',
  elsewhere: [],
  login: false,
  terms: { name: 'A licence', url: 'https://example.org' },
  precision: 'float32',
  memory: 1.2e9,
  fits: true
};

describe('models/labels', () => {
  it.each([
    [0, '0\u00a0B'],
    [999, '999\u00a0B'],
    [1000, '1.0\u00a0kB'],
    [2_097_152, '2.1\u00a0MB'],
    [999_600_000, '1.0\u00a0GB'],
    [5_228_683_776, '5.2\u00a0GB'],
    [123_400_000_000, '123\u00a0GB']
  ])('describes %d bytes', (bytes, described) => {
    expect(describeBytes(bytes)).toBe(described);
  });

  it('tells weights in words', () => {
    expect(describeWeights(2_614_341_888, trans)).toBe('2.6 billion weights');
    expect(describeWeights(1_017_984, trans)).toBe('1.0 million weights');
  });

  it('tells what is known of a model, and nothing else', () => {
    expect(describeModel(fakeModel({ name: 'a' }), trans)).toEqual([]);
    const known = fakeModel({
      name: 'a',
      parameters: 2e9,
      size: 4e9,
      precision: 'bfloat16',
      device: 'CPU',
      memory: 4e9,
      peak: 6e9,
      window: 2048
    });
    expect(describeModel(known, trans)).toEqual([
      '2.0 billion weights',
      '4.0\u00a0GB on disk',
      'bfloat16 on CPU',
      '4.0\u00a0GB of memory, up to 6.0\u00a0GB',
      `${(2048).toLocaleString()} tokens`
    ]);
    expect(
      describeModel(
        fakeModel({
          name: 'a',
          stored: 'Q4_K_M',
          precision: 'float32',
          device: 'CPU'
        }),
        trans
      )
    ).toEqual(['Q4_K_M, read as float32 on CPU']);
  });

  it.each([
    ['memory', '8192 of the model’s 32768 tokens: more wouldn’t fit in memory'],
    [
      'unknown',
      '8192 of the model’s 32768 tokens: whether more would fit isn’t known'
    ],
    ['limit', '8192 of the model’s 32768 tokens: this is the limit here'],
    ['user', '8192 tokens, as chosen here'],
    ['administrator', '8192 tokens, as configured'],
    ['model', '8192 tokens']
  ] as const)('tells its window and why: %s', (reason, expected) => {
    const model = fakeModel({
      name: 'a',
      window: 8192,
      trained: 32768,
      window_reason: reason
    });
    expect(describeModel(model, trans)).toEqual([
      expected.replace(/\d{4,}/g, digits => Number(digits).toLocaleString())
    ]);
  });

  it('tells what is known of a model before it is here', () => {
    expect(describeKnown(known, trans)).toEqual([
      '134.5 million weights',
      '92.9\u00a0MB from Somewhere, without an account',
      'fits here: needs up to 1.2\u00a0GB in float32'
    ]);
    expect(
      describeKnown({ ...known, download: 0, fits: false }, trans).slice(1)
    ).toEqual([
      'on this machine',
      'doesn’t fit here: needs up to 1.2\u00a0GB in float32'
    ]);
    expect(
      describeKnown({ ...known, login: true, fits: null }, trans).slice(1)
    ).toEqual([
      '92.9\u00a0MB from Somewhere, with an account',
      'needs up to 1.2\u00a0GB in float32'
    ]);
    const elsewhere = [{ path: 'hf://lab/tiny', site: 'Elsewhere' }];
    expect(describeKnown({ ...known, elsewhere }, trans)[1]).toBe(
      '92.9\u00a0MB from Somewhere or Elsewhere, without an account'
    );
  });

  it('tells what is known of a model of another program', () => {
    const found: FoundModel = {
      name: 'llama3.2-1b',
      title: TAG,
      program: 'Ollama',
      path: '/blobs/sha256-0',
      size: 1.3e9,
      family: 'Llama',
      stored: 'Q8_0',
      parameters: 1.2e9,
      chat: true,
      precision: 'float32',
      memory: 9e9,
      fits: false,
      fault: ''
    };
    expect(describeFound(found, trans)).toEqual([
      'Ollama',
      'Llama',
      '1.2 billion weights',
      'Q8_0',
      '1.3\u00a0GB',
      'chat',
      'doesn’t fit here: needs up to 9.0\u00a0GB in float32'
    ]);
    const little = { ...found, family: '', stored: '', parameters: null };
    expect(
      describeFound(
        { ...little, chat: null, precision: null, memory: null, fits: null },
        trans
      )
    ).toEqual(['Ollama', '1.3\u00a0GB']);
    expect(
      describeFault({ ...found, fault: 'is a bert model' }, trans)
    ).toEqual(['Ollama', '1.3\u00a0GB', 'It is a bert model.']);
  });

  it('tells nothing of memory before the service runs', () => {
    const unknown = { ...known, precision: null, memory: null, fits: null };
    expect(describeKnown(unknown, trans)).toEqual([
      '134.5 million weights',
      '92.9\u00a0MB from Somewhere, without an account'
    ]);
  });

  it('tells what would fit', () => {
    expect(
      describeFit({ precision: 'bfloat16', max_length: null }, trans)
    ).toBe('Load in bfloat16');
    expect(describeFit({ precision: 'float32', max_length: 512 }, trans)).toBe(
      'Load in float32, for 512 tokens'
    );
  });
});

describe('models/add', () => {
  it.each([
    ['kaggle://keras/gemma2/keras/gemma2_2b_en/1', 'gemma2_2b_en'],
    ['hf://org/tiny', 'tiny'],
    ['hf://org/tiny@v1.0', 'tiny'],
    ['hf://org/tiny-GGUF@v1.0/tiny-Q8_0.gguf', 'tiny-Q8_0'],
    ['folder/tiny.tar.gz', 'tiny'],
    ['folder/tiny-Q4_K_M.gguf', 'tiny-Q4_K_M'],
    ['folder/tiny-00001-of-00003.gguf', 'tiny'],
    ['gemma2_2b_en', 'gemma2_2b_en'],
    ['', ''],
    ['hf://', ''],
    ['/', ''],
    ['..', ''],
    [`folder/${'x'.repeat(300)}`, 'x'.repeat(200)]
  ])('proposes a name for %s', (path, name) => {
    expect(proposal(path)).toBe(name);
  });

  it.each([
    ['mine:folder/tiny', 'mine', 'folder/tiny'],
    [' mine : hf://org/tiny ', 'mine', 'hf://org/tiny'],
    ['hf://org/tiny', 'tiny', 'hf://org/tiny'],
    ['mine:', 'mine', '']
  ])('reads %s as LIT writes models', (written, name, path) => {
    expect(read(written)).toEqual({ name, path });
  });

  it('says what is missing before anything is sent', () => {
    expect(missing(read('mine:'), trans)?.message).toContain('after “mine:”');
    expect(missing(read('/'), trans)?.message).toContain('gives no name');
    expect(missing({ name: 'mine', path: '/' }, trans)).toBeNull();
    // The server knows what an address has to hold.
    for (const path of ['hf://', 'hf://owner', 'kaggle://', 'tiny', 'a/b']) {
      expect(missing(read(path), trans)).toBeNull();
    }
  });

  it.each(['hf:', 'HF:', 'hf:/', 'hf:org/tiny', 'kaggle:', 'kaggle:/keras/x'])(
    'knows that %s was meant as an address',
    written => {
      const problem = missing(read(written), trans);
      expect(problem?.message).toMatch(/^An address begins with “(hf|kaggle):/);
      expect(problem?.hint).toMatch(/^Write (hf|kaggle):\/\/owner\/model/);
    }
  );

  it('leaves a model that has the name of a site', () => {
    expect(missing(read('hf:tiny'), trans)).toBeNull();
    expect(missing(read('hf:kaggle://a/b/keras/c'), trans)).toBeNull();
  });
});

describe('models/remedies', () => {
  it.each(['preset_absent', 'preset_login', 'no_room', 'disk_full'])(
    'leads to the manager from %s',
    code => {
      expect(remediesOf(code)).toEqual(['models']);
    }
  );

  it('leaves other failures as they are', () => {
    expect(remediesOf('loading_stopped')).toEqual(['retry']);
    expect(remediesOf('model_failed')).toEqual(['retry', 'restart', 'log']);
    expect(remediesOf('prompt_too_long')).toEqual([]);
  });
});
