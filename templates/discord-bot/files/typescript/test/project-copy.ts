import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PROJECT = path.dirname(import.meta.dirname);

/** After so long a process is killed, for it hangs. Shorter than a test may take, so that its output is shown. */
const DEADLINE = 10_000;

/**
 * A copy of this project to run as real processes. Neither your own `.env` nor your
 * environment reaches it, so no test can ever use a real token.
 */
export class ProjectCopy {
  readonly folder: string;
  readonly #processes: NodeProcess[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<ProjectCopy> {
    const folder = await mkdtemp(path.join(tmpdir(), 'bot-test-'));
    await cp(path.join(PROJECT, 'package.json'), path.join(folder, 'package.json'));
    await cp(path.join(PROJECT, 'src'), path.join(folder, 'src'), { recursive: true });
    await symlink(path.join(PROJECT, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
    return new ProjectCopy(folder);
  }

  async writeEnvFile(variables: Record<string, string>): Promise<void> {
    const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(path.join(this.folder, '.env'), lines.join(''));
  }

  /** Starts `node` with these arguments and with nothing but these variables. */
  node(args: string[], env: Record<string, string>, cwd = this.folder): NodeProcess {
    const process = new NodeProcess(args, env, cwd);
    this.#processes.push(process);
    return process;
  }

  /** Removes the copy, and ends what still runs there. */
  async remove(): Promise<void> {
    for (const process of this.#processes) process.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A running `node`, with what it has printed so far. */
export class NodeProcess {
  output = '';
  readonly #child;
  readonly #ended: Promise<unknown[]>;

  constructor(args: string[], env: Record<string, string>, cwd: string) {
    this.#child = spawn(process.execPath, args, { cwd, env, timeout: DEADLINE, killSignal: 'SIGKILL' });
    this.#ended = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  /** The exit code; null before the end and after a signal. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** Waits for something that this process brings about. If it ends before, fails and shows what it printed. */
  async until<T>(event: Promise<T>): Promise<T> {
    const end = this.#ended.then(() => {
      throw new Error(`the process ended too early (${this.#child.exitCode ?? this.#child.signalCode})`);
    });
    try {
      return await Promise.race([event, end]);
    } catch (error) {
      throw new Error(`${(error as Error).message}; it printed:\n${this.output}`, { cause: error });
    }
  }

  async waitForEnd(): Promise<void> {
    await this.#ended;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
